// Linear regression whose intercept and slope vary between groups, together.
//
// Story: observations come in J groups, and in each the outcome follows a line
// of its own. Intercepts and slopes vary between groups as a bivariate
// normal: tau are their standard deviations, and Omega is their correlation,
// with an LKJ prior. The predictor is centred at its mean, so that intercepts
// are the outcomes there. Written non-centred, by the Cholesky factor of
// Omega.
//
// Units: intercepts, tau[1] and sigma have the unit of y; slopes and tau[2]
// have the unit of y per unit of x; Omega has none.
//
// References: Gelman and Hill (2007), Data Analysis Using Regression and
// Multilevel/Hierarchical Models, chapter 13. Lewandowski, Kurowicka and Joe
// (2009), Generating random correlation matrices based on vines and extended
// onion method, Journal of Multivariate Analysis 100, 1989-2001.
data {
  int<lower=1> N; // number of observations
  int<lower=1> J; // number of groups
  array[N] int<lower=1, upper=J> group; // group of each observation (number)
  vector[N] x; // predictor (unit of x)
  vector[N] y; // outcome (unit of y)
  real alpha_prior_mean; // centre of the prior of alpha (unit of y)
  real<lower=0> alpha_prior_sd; // its standard deviation (unit of y)
  real<lower=0> beta_prior_sd; // of beta (y per unit of x)
  real<lower=0> tau_intercept_prior_sd; // half-normal (unit of y)
  real<lower=0> tau_slope_prior_sd; // half-normal (y per unit of x)
  real<lower=0> Omega_prior_eta; // LKJ; 1 is uniform, more is nearer zero (none)
  real<lower=0> sigma_prior_sd; // half-normal (unit of y)
}
transformed data {
  vector[N] x_centred = x - mean(x);
}
parameters {
  real alpha; // intercept of an average group, at the mean of x
  real beta; // slope of an average group
  vector<lower=0>[2] tau; // standard deviations of intercepts and slopes
  cholesky_factor_corr[2] L; // their correlation, as a Cholesky factor
  matrix[2, J] raw; // standardised deviations of each group
  real<lower=0> sigma; // standard deviation within groups
}
transformed parameters {
  matrix[J, 2] deviation = (diag_pre_multiply(tau, L) * raw)';
  vector[J] intercept = alpha + deviation[ : , 1]; // of each group
  vector[J] slope = beta + deviation[ : , 2]; // of each group
}
model {
  alpha ~ normal(alpha_prior_mean, alpha_prior_sd);
  beta ~ normal(0, beta_prior_sd);
  tau[1] ~ normal(0, tau_intercept_prior_sd);
  tau[2] ~ normal(0, tau_slope_prior_sd);
  L ~ lkj_corr_cholesky(Omega_prior_eta);
  to_vector(raw) ~ std_normal();
  sigma ~ normal(0, sigma_prior_sd);
  y ~ normal(intercept[group] + slope[group] .* x_centred, sigma);
}
generated quantities {
  real<lower=-1, upper=1> correlation = L[2, 1]; // of intercepts and slopes
  array[N] real y_rep = normal_rng(
                                   intercept[group]
                                   + slope[group] .* x_centred, sigma);
}
