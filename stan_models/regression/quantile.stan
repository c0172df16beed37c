// Quantile regression: a line below which a given share of the outcomes lies.
//
// Story: not the mean but a quantile of the outcome is a weighted sum of K
// predictors: the one of the given probability. The asymmetric Laplace
// distribution makes it so, as its mode minimises the check loss of quantile
// regression. It is a device rather than a belief about the errors: the point
// estimates are good, but the intervals are only roughly calibrated.
//
// The predictors enter in standard deviations from their means: alpha is the
// value of an average observation, one prior fits every beta[k] whatever the
// unit of its predictor, and slope[k] is the effect of one unit.
//
// Units: alpha, beta and sigma have the unit of y, slope[k] that of y per unit
// of the k-th predictor; probability has none.
//
// References: Yu and Moyeed (2001), Bayesian quantile regression, Statistics
// and Probability Letters 54, 437-447. Yang, Wang and He (2016), Posterior
// inference in Bayesian quantile regression with asymmetric Laplace
// likelihood, International Statistical Review 84, 327-344 (calibration).
data {
  int<lower=1> N; // number of observations
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  vector[N] y; // outcome (unit of y)
  real<lower=0, upper=1> probability; // of the quantile; 0.5 is the median (none)
  real alpha_prior_mean; // centre of the prior of alpha (unit of y)
  real<lower=0> alpha_prior_sd; // its standard deviation (unit of y)
  real<lower=0> beta_prior_sd; // of each coefficient (unit of y per sd of X)
  real<lower=0> sigma_prior_sd; // scale of the half-normal (unit of y)
}
transformed data {
  vector[K] X_sd; // standard deviation of each predictor
  matrix[N, K] Z; // predictors, centred and in standard deviations
  for (k in 1 : K) {
    X_sd[k] = sd(X[ : , k]);
    Z[ : , k] = (X[ : , k] - mean(X[ : , k])) / X_sd[k];
  }
}
parameters {
  real alpha; // quantile of an average observation
  vector[K] beta; // change of it per standard deviation of each predictor
  real<lower=0> sigma; // scale of the errors
}
model {
  alpha ~ normal(alpha_prior_mean, alpha_prior_sd);
  beta ~ normal(0, beta_prior_sd);
  sigma ~ normal(0, sigma_prior_sd);
  y ~ skew_double_exponential(alpha + Z * beta, sigma, probability);
}
generated quantities {
  vector[K] slope = beta ./ X_sd; // change per unit of each predictor
  array[N] real y_rep = skew_double_exponential_rng(alpha + Z * beta, sigma,
                          probability);
}
