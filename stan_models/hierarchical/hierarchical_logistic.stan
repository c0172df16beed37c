// Logistic regression with predictors of individuals and of their groups.
//
// Story: individuals live in J groups. The log odds of a yes are a weighted
// sum of K predictors of the individual, plus a level of its group; the
// levels are themselves a weighted sum of L predictors of the group, plus
// what these leave unexplained, with standard deviation tau. Written
// non-centred.
//
// Predictors of either kind enter in standard deviations from their means:
// alpha is the value of an average individual in an average group.
//
// Units: everything is in log odds; beta[k] and gamma[l] per standard
// deviation, slope[k] and group_slope[l] per unit of the predictor.
//
// Reference: Gelman and Hill (2007), Data Analysis Using Regression and
// Multilevel/Hierarchical Models, chapter 14.
data {
  int<lower=1> N; // number of individuals
  int<lower=1> J; // number of groups
  array[N] int<lower=1, upper=J> group; // group of each observation (number)
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  int<lower=1> L; // number of predictors of groups
  matrix[J, L] U; // predictors of groups (each in its own unit)
  array[N] int<lower=0, upper=1> y; // outcome (1 yes, 0 no)
  real alpha_prior_mean; // centre of the prior of alpha (log odds)
  real<lower=0> alpha_prior_sd; // its standard deviation (log odds)
  real<lower=0> beta_prior_sd; // of each coefficient (log odds per sd of X)
  real<lower=0> gamma_prior_sd; // likewise of groups (log odds per sd of U)
  real<lower=0> tau_prior_sd; // scale of the half-normal (log odds)
}
transformed data {
  vector[K] X_sd; // standard deviation of each predictor
  matrix[N, K] Z; // predictors, centred and in standard deviations
  for (k in 1 : K) {
    X_sd[k] = sd(X[ : , k]);
    Z[ : , k] = (X[ : , k] - mean(X[ : , k])) / X_sd[k];
  }
  vector[L] U_sd; // standard deviation of each predictor of groups
  matrix[J, L] W; // predictors of groups, likewise
  for (l in 1 : L) {
    U_sd[l] = sd(U[ : , l]);
    W[ : , l] = (U[ : , l] - mean(U[ : , l])) / U_sd[l];
  }
}
parameters {
  real alpha; // log odds of an average individual in an average group
  vector[K] beta; // per standard deviation of each predictor
  vector[L] gamma; // likewise, of groups
  real<lower=0> tau; // standard deviation of the levels, given their predictors
  vector[J] level_raw; // standardised, unexplained part of the levels
}
transformed parameters {
  vector[J] level = alpha + W * gamma + tau * level_raw; // of each group
}
model {
  alpha ~ normal(alpha_prior_mean, alpha_prior_sd);
  beta ~ normal(0, beta_prior_sd);
  gamma ~ normal(0, gamma_prior_sd);
  tau ~ normal(0, tau_prior_sd);
  level_raw ~ std_normal();
  y ~ bernoulli_logit_glm(Z, level[group], beta);
}
generated quantities {
  vector[K] slope = beta ./ X_sd; // per unit of each predictor
  vector[L] group_slope = gamma ./ U_sd; // per unit of each predictor
  array[N] int<lower=0, upper=1> y_rep = bernoulli_logit_rng(
                                           level[group] + Z * beta);
}
