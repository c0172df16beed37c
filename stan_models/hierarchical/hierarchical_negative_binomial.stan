// Overdispersed counts in many small groups.
//
// Story: counts come in many groups of a few members each. Their log rate is
// a weighted sum of K predictors plus a level of the group; the levels vary
// normally with standard deviation tau, and members of one group still vary
// more than Poisson counts: kappa is the relative standard deviation of
// their rates. With few members per group the two are hard to tell apart,
// which the posterior shows. Written non-centred.
//
// The predictors enter in standard deviations from their means: alpha is the
// value of an average observation, one prior fits every beta[k] whatever the
// unit of its predictor, and slope[k] is the effect of one unit.
//
// kappa is kept above a thousandth: below, the counts are Poisson to all
// purposes, and the formula of the negative binomial runs out of digits, in
// which a chain can get stuck.
//
// Units: alpha, tau and the levels are log rates; beta[k] changes them per
// standard deviation of the k-th predictor, slope[k] per unit of it; kappa
// has none.
//
// Reference: Elston, Moss, Boulinier, Arrowsmith and Lambin (2001), Analysis
// of aggregation, a worked example: numbers of ticks on red grouse chicks,
// Parasitology 122, 563-569.
data {
  int<lower=1> N; // number of counts
  int<lower=1> J; // number of groups
  array[N] int<lower=1, upper=J> group; // group of each observation (number)
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  array[N] int<lower=0> y; // events (count)
  real alpha_prior_mean; // centre of the prior of alpha (log rate)
  real<lower=0> alpha_prior_sd; // its standard deviation (log rate)
  real<lower=0> beta_prior_sd; // of each coefficient (log rate per sd of X)
  real<lower=0> tau_prior_sd; // scale of the half-normal (log rate)
  real<lower=0> kappa_prior_sd; // scale of the half-normal (relative sd)
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
  real alpha; // log rate of an average observation
  vector[K] beta; // change of it per standard deviation of each predictor
  real<lower=0> tau; // standard deviation of the levels
  vector[J] level_raw; // standardised deviations from alpha
  real<lower=0.001> kappa; // relative standard deviation of rates within groups
}
transformed parameters {
  vector[J] level = alpha + tau * level_raw; // of each group
  real<lower=0> phi = inv_square(kappa); // size
}
model {
  alpha ~ normal(alpha_prior_mean, alpha_prior_sd);
  beta ~ normal(0, beta_prior_sd);
  tau ~ normal(0, tau_prior_sd);
  level_raw ~ std_normal();
  kappa ~ normal(0, kappa_prior_sd);
  y ~ neg_binomial_2_log_glm(Z, level[group], beta, phi);
}
generated quantities {
  vector[K] slope = beta ./ X_sd; // change per unit of each predictor
  array[N] int<lower=0> y_rep = neg_binomial_2_log_rng(
                                  level[group] + Z * beta, phi);
}
