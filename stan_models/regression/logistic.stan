// Logistic regression: a yes or no explained by several predictors.
//
// Story: the log odds of a yes are a weighted sum of K predictors.
//
// The predictors enter in standard deviations from their means: alpha is the
// value of an average observation, one prior fits every beta[k] whatever the
// unit of its predictor, and slope[k] is the effect of one unit.
//
// Units: alpha is in log odds, beta[k] in log odds per standard deviation of
// the k-th predictor, slope[k] in log odds per unit of it.
//
// References: Gelman, Hill and Vehtari (2020), Regression and Other Stories,
// chapters 13 and 14. Gelman, Jakulin, Pittau and Su (2008), A weakly
// informative default prior distribution for logistic and other regression
// models, Annals of Applied Statistics 2, 1360-1383.
data {
  int<lower=1> N; // number of observations
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  array[N] int<lower=0, upper=1> y; // outcome (1 yes, 0 no)
  real alpha_prior_mean; // centre of the prior of alpha (log odds)
  real<lower=0> alpha_prior_sd; // its standard deviation (log odds)
  real<lower=0> beta_prior_sd; // of each coefficient (log odds per sd of X)
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
  real alpha; // log odds of an average observation
  vector[K] beta; // change of them per standard deviation of each predictor
}
model {
  alpha ~ normal(alpha_prior_mean, alpha_prior_sd);
  beta ~ normal(0, beta_prior_sd);
  y ~ bernoulli_logit_glm(Z, alpha, beta);
}
generated quantities {
  vector[K] slope = beta ./ X_sd; // change per unit of each predictor
  array[N] int<lower=0, upper=1> y_rep = bernoulli_logit_rng(
                                           alpha + Z * beta);
}
