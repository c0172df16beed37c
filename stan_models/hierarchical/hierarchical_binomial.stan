// Rates of several groups, partially pooled: hierarchical binomial.
//
// Story: each of J groups shows the trait in y[j] of n[j] individuals, with a
// probability theta[j] of its own. The probabilities vary between groups as
// a beta distribution with mean mu and the weight of kappa individuals; small
// groups are drawn towards mu. The prior of kappa is a Pareto distribution,
// which falls as slowly as Bayesian Data Analysis argues for.
//
// Units: y, n and kappa count individuals; mu and theta are probabilities.
//
// References: Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013),
// Bayesian Data Analysis, 3rd edition, section 5.3. Carpenter (2016),
// Hierarchical partial pooling for repeated binary trials.
data {
  int<lower=1> J; // number of groups
  array[J] int<lower=0> n; // individuals per group (count)
  array[J] int<lower=0, upper=n> y; // individuals with the trait (count)
  real<lower=0> mu_prior_a; // prior weight of the trait (groups)
  real<lower=0> mu_prior_b; // prior weight of its absence (groups)
  real<lower=0> kappa_prior_min; // smallest weight (individuals)
  real<lower=0> kappa_prior_alpha; // exponent of the Pareto tail (none)
}
parameters {
  real<lower=0, upper=1> mu; // mean probability
  real<lower=kappa_prior_min> kappa; // individuals it is worth
  vector<lower=0, upper=1>[J] theta; // probability in each group
}
model {
  mu ~ beta(mu_prior_a, mu_prior_b);
  kappa ~ pareto(kappa_prior_min, kappa_prior_alpha);
  theta ~ beta_proportion(mu, kappa);
  y ~ binomial(n, theta);
}
generated quantities {
  array[J] int<lower=0, upper=n> y_rep = binomial_rng(n, theta);
}
