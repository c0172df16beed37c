// Negative binomial regression: counts that vary more than Poisson counts do.
//
// Story: as in Poisson regression the log rate is a weighted sum of K
// predictors, and log exposure is an offset; but the rate of each observation
// varies around that by a gamma-distributed factor of mean one. kappa is the
// standard deviation of that factor: zero is the Poisson model, and
// phi = 1 / kappa^2 is what other software calls size or theta.
//
// The predictors enter in standard deviations from their means: alpha is the
// value of an average observation, one prior fits every beta[k] whatever the
// unit of its predictor, and slope[k] is the effect of one unit.
//
// kappa is kept above a thousandth: below, the counts are Poisson to all
// purposes, and the formula of the negative binomial runs out of digits, in
// which a chain can get stuck.
//
// Units: alpha is the log rate per unit of exposure; beta[k] changes it per
// standard deviation of the k-th predictor, slope[k] per unit of it; kappa
// has none.
//
// Reference: Gelman, Hill and Vehtari (2020), Regression and Other Stories,
// section 15.2.
data {
  int<lower=1> N; // number of observations
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  array[N] int<lower=0> y; // events (count)
  vector<lower=0>[N] exposure; // what they were counted in (exposure)
  real alpha_prior_mean; // centre of the prior of alpha (log rate)
  real<lower=0> alpha_prior_sd; // its standard deviation (log rate)
  real<lower=0> beta_prior_sd; // of each coefficient (log rate per sd of X)
  real<lower=0> kappa_prior_sd; // scale of the half-normal (relative sd)
}
transformed data {
  vector[K] X_sd; // standard deviation of each predictor
  matrix[N, K] Z; // predictors, centred and in standard deviations
  for (k in 1 : K) {
    X_sd[k] = sd(X[ : , k]);
    Z[ : , k] = (X[ : , k] - mean(X[ : , k])) / X_sd[k];
  }
  vector[N] log_exposure = log(exposure);
}
parameters {
  real alpha; // log rate of an average observation
  vector[K] beta; // change of it per standard deviation of each predictor
  real<lower=0.001> kappa; // relative standard deviation of the rates
}
transformed parameters {
  real<lower=0> phi = inv_square(kappa); // size
}
model {
  alpha ~ normal(alpha_prior_mean, alpha_prior_sd);
  beta ~ normal(0, beta_prior_sd);
  kappa ~ normal(0, kappa_prior_sd);
  y ~ neg_binomial_2_log_glm(Z, alpha + log_exposure, beta, phi);
}
generated quantities {
  vector[K] slope = beta ./ X_sd; // change per unit of each predictor
  array[N] int<lower=0> y_rep = neg_binomial_2_log_rng(
                                  alpha + log_exposure + Z * beta, phi);
}
