// Shares of several categories behind their counts.
//
// Story: each individual falls into one of K categories, independently and
// with the same probabilities theta. The Dirichlet prior is conjugate: it
// counts like theta_prior_concentration individuals in every category, seen
// before the data, and the posterior is Dirichlet(concentration + y).
//
// Units: y counts individuals; theta[k] is a probability.
//
// Reference: Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013),
// Bayesian Data Analysis, 3rd edition, section 3.4.
data {
  int<lower=2> K; // number of categories
  array[K] int<lower=0> y; // individuals in each category (count)
  real<lower=0> theta_prior_concentration; // prior weight of each (individuals)
}
parameters {
  simplex[K] theta; // probability of each category
}
model {
  theta ~ dirichlet(rep_vector(theta_prior_concentration, K));
  y ~ multinomial(theta);
}
generated quantities {
  array[K] int<lower=0> y_rep = multinomial_rng(theta, sum(y));
}
