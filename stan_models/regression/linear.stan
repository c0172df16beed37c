// Linear regression with several predictors and normal errors.
//
// Story: the expected outcome is a weighted sum of K predictors, and the
// observations scatter around it with one standard deviation, sigma. The
// predictors are centred at their means, so that alpha is the expected
// outcome of an average observation: its prior can be stated without
// thinking of a case where every predictor is zero, and the sampler meets
// no correlation between alpha and beta.
//
// Units: alpha and sigma have the unit of y; beta[k] has the unit of y per
// unit of the k-th predictor.
//
// Reference: Gelman, Hill and Vehtari (2020), Regression and Other Stories,
// chapters 9 to 12.
data {
  int<lower=1> N; // number of observations
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  vector[N] y; // outcome (unit of y)
  real alpha_prior_mean; // centre of the prior of alpha (unit of y)
  real<lower=0> alpha_prior_sd; // its standard deviation (unit of y)
  real<lower=0> beta_prior_sd; // sd of each slope (y per unit of X)
  real<lower=0> sigma_prior_sd; // scale of the half-normal (unit of y)
}
transformed data {
  row_vector[K] X_mean; // mean of each predictor
  matrix[N, K] X_centred; // predictors minus their means
  for (k in 1 : K) {
    X_mean[k] = mean(X[ : , k]);
    X_centred[ : , k] = X[ : , k] - X_mean[k];
  }
}
parameters {
  real alpha; // expected outcome at the mean of every predictor
  vector[K] beta; // slopes
  real<lower=0> sigma; // residual standard deviation
}
model {
  alpha ~ normal(alpha_prior_mean, alpha_prior_sd);
  beta ~ normal(0, beta_prior_sd);
  sigma ~ normal(0, sigma_prior_sd);
  y ~ normal_id_glm(X_centred, alpha, beta, sigma);
}
generated quantities {
  real intercept = alpha - X_mean * beta; // expected outcome at X = 0
  array[N] real y_rep = normal_rng(alpha + X_centred * beta, sigma);
}
