// Linear regression that shrinks all slopes: ridge.
//
// Story: with many or with nearly collinear predictors, least squares chases
// noise. A normal prior whose width is sigma / sqrt(lambda) pulls every slope
// towards zero: the mode is the ridge estimate with penalty lambda, and the
// posterior says how sure one may be of it.
//
// The predictors enter in standard deviations from their means: alpha is the
// value of an average observation, one prior fits every beta[k] whatever the
// unit of its predictor, and slope[k] is the effect of one unit.
//
// Units: alpha, beta and sigma have the unit of y; slope[k] has the unit of y
// per unit of the k-th predictor.
//
// Reference: Hoerl and Kennard (1970), Ridge regression: biased estimation for
// nonorthogonal problems, Technometrics 12, 55-67.
data {
  int<lower=1> N; // number of observations
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  vector[N] y; // outcome (unit of y)
  real alpha_prior_mean; // centre of the prior of alpha (unit of y)
  real<lower=0> alpha_prior_sd; // its standard deviation (unit of y)
  real<lower=0> lambda; // penalty of the squared coefficients (none)
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
  beta ~ normal(0, sigma / sqrt(lambda));
  y ~ normal_id_glm(Z, alpha, beta, sigma);
}
generated quantities {
  vector[K] slope = beta ./ X_sd; // change per unit of each predictor
  array[N] real y_rep = normal_rng(alpha + Z * beta, sigma);
}
