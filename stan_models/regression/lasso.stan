// Linear regression that shrinks slopes to zero or nearly: lasso.
//
// Story: of many predictors a few matter. A double-exponential (Laplace)
// prior of width sigma / lambda pulls every slope towards zero, small ones
// almost all the way. The lasso estimate is the mode for a given sigma;
// unlike it, no posterior mean is exactly zero.
//
// The predictors enter in standard deviations from their means: alpha is the
// value of an average observation, one prior fits every beta[k] whatever the
// unit of its predictor, and slope[k] is the effect of one unit.
//
// Units: alpha, beta and sigma have the unit of y; slope[k] has the unit of y
// per unit of the k-th predictor.
//
// Reference: Park and Casella (2008), The Bayesian lasso, Journal of the
// American Statistical Association 103, 681-686.
data {
  int<lower=1> N; // number of observations
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  vector[N] y; // outcome (unit of y)
  real alpha_prior_mean; // centre of the prior of alpha (unit of y)
  real<lower=0> alpha_prior_sd; // its standard deviation (unit of y)
  real<lower=0> lambda; // penalty of the absolute coefficients (none)
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
  real alpha; // expected outcome of an average observation
  vector[K] beta; // change of it per standard deviation of each predictor
  real<lower=0> sigma; // residual standard deviation
}
model {
  alpha ~ normal(alpha_prior_mean, alpha_prior_sd);
  sigma ~ normal(0, sigma_prior_sd);
  beta ~ double_exponential(0, sigma / lambda);
  y ~ normal_id_glm(Z, alpha, beta, sigma);
}
generated quantities {
  vector[K] slope = beta ./ X_sd; // change per unit of each predictor
  array[N] real y_rep = normal_rng(alpha + Z * beta, sigma);
}
