// Linear regression whose intercept varies between groups.
//
// Story: observations come in J groups. Within all of them the outcome
// follows the same slopes, but each group has a level of its own, and the
// levels vary normally around alpha with standard deviation tau. Groups with
// few observations borrow from the others. Written non-centred.
//
// The predictors enter in standard deviations from their means: alpha is the
// value of an average observation of an average group,
// one prior fits every beta[k] whatever the unit of its predictor, and
// slope[k] is the effect of one unit.
//
// Units: alpha, tau, sigma and the levels have the unit of y; beta[k] is y
// per standard deviation of the k-th predictor, slope[k] per unit of it.
//
// Reference: Gelman and Hill (2007), Data Analysis Using Regression and
// Multilevel/Hierarchical Models, chapter 12.
data {
  int<lower=1> N; // number of observations
  int<lower=1> J; // number of groups
  array[N] int<lower=1, upper=J> group; // group of each observation (number)
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  vector[N] y; // outcome (unit of y)
  real alpha_prior_mean; // centre of the prior of alpha (unit of y)
  real<lower=0> alpha_prior_sd; // its standard deviation (unit of y)
  real<lower=0> beta_prior_sd; // of each coefficient (unit of y per sd of X)
  real<lower=0> tau_prior_sd; // scale of the half-normal (unit of y)
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
  real<lower=0> tau; // standard deviation of the levels
  vector[J] level_raw; // standardised deviations from alpha
  real<lower=0> sigma; // standard deviation within groups
}
transformed parameters {
  vector[J] level = alpha + tau * level_raw; // intercept of each group
}
model {
  alpha ~ normal(alpha_prior_mean, alpha_prior_sd);
  beta ~ normal(0, beta_prior_sd);
  tau ~ normal(0, tau_prior_sd);
  level_raw ~ std_normal();
  sigma ~ normal(0, sigma_prior_sd);
  y ~ normal_id_glm(Z, level[group], beta, sigma);
}
generated quantities {
  vector[K] slope = beta ./ X_sd; // change per unit of each predictor
  array[N] real y_rep = normal_rng(level[group] + Z * beta, sigma);
}
