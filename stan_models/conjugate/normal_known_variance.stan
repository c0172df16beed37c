// The mean of normal measurements whose standard deviation is known.
//
// Story: one quantity mu is measured N times by an instrument whose error is
// normal with a known standard deviation sigma. The normal prior is
// conjugate: precisions (1 / variance) add up, and the posterior mean is the
// average of prior mean and measurements weighted by them.
//
// Units: y, mu and sigma have the unit of the measurement.
//
// Reference: Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013),
// Bayesian Data Analysis, 3rd edition, section 2.5.
data {
  int<lower=1> N; // number of measurements
  vector[N] y; // measurements (unit of y)
  real<lower=0> sigma; // known standard deviation of one (unit of y)
  real mu_prior_mean; // centre of the prior of mu (unit of y)
  real<lower=0> mu_prior_sd; // its standard deviation (unit of y)
}
parameters {
  real mu; // the quantity measured
}
model {
  mu ~ normal(mu_prior_mean, mu_prior_sd);
  y ~ normal(mu, sigma);
}
generated quantities {
  array[N] real y_rep = normal_rng(rep_vector(mu, N), sigma);
}
