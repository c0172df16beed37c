// Probit regression: a yes or no by a hidden normal score.
//
// Story: each observation has a hidden score, a weighted sum of K predictors
// plus a standard normal error; the answer is yes where it is positive.
//
// The predictors enter in standard deviations from their means: alpha is the
// value of an average observation, one prior fits every beta[k] whatever the
// unit of its predictor, and slope[k] is the effect of one unit.
//
// Units: alpha, beta and slope are in standard deviations of the hidden
// error, beta[k] per standard deviation and slope[k] per unit of the k-th
// predictor.
//
// Reference: Albert and Chib (1993), Bayesian analysis of binary and
// polychotomous response data, Journal of the American Statistical
// Association 88, 669-679.
data {
  int<lower=1> N; // number of observations
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  array[N] int<lower=0, upper=1> y; // outcome (1 yes, 0 no)
  real alpha_prior_mean; // centre of the prior of alpha (score)
  real<lower=0> alpha_prior_sd; // its standard deviation (score)
  real<lower=0> beta_prior_sd; // of each coefficient (score per sd of X)
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
  real alpha; // score of an average observation
  vector[K] beta; // change of it per standard deviation of each predictor
}
model {
  alpha ~ normal(alpha_prior_mean, alpha_prior_sd);
  beta ~ normal(0, beta_prior_sd);
  y ~ bernoulli(Phi(alpha + Z * beta));
}
generated quantities {
  vector[K] slope = beta ./ X_sd; // change per unit of each predictor
  array[N] int<lower=0, upper=1> y_rep = bernoulli_rng(Phi(alpha + Z * beta));
}
