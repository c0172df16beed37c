// One probability behind several binomial counts.
//
// Story: each of J groups shows the trait in y[j] of n[j] individuals, and
// one probability theta is behind all of them. A beta prior is conjugate:
// the posterior is beta(a + sum(y), b + sum(n - y)), exactly.
//
// Units: y and n are counts of individuals; theta is a probability.
//
// Reference: Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013),
// Bayesian Data Analysis, 3rd edition, sections 2.1 to 2.4.
data {
  int<lower=1> J; // number of groups
  array[J] int<lower=0> n; // individuals per group (count)
  array[J] int<lower=0, upper=n> y; // individuals with the trait (count)
  real<lower=0> theta_prior_a; // prior weight of the trait (individuals)
  real<lower=0> theta_prior_b; // prior weight of its absence (individuals)
}
parameters {
  real<lower=0, upper=1> theta; // probability of the trait
}
model {
  theta ~ beta(theta_prior_a, theta_prior_b);
  y ~ binomial(n, theta);
}
generated quantities {
  array[J] int<lower=0, upper=n> y_rep = binomial_rng(n, theta);
}
