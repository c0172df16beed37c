// Autoregression with predictors: what follows depends on what came before.
//
// Story: a series is observed at equal intervals. It returns to its mean,
// alpha, of which a share rho of each deviation is left one step later, while
// K predictors push it up or down and normal errors of standard deviation
// sigma add to both. A push fades at the same rate: one that stays has an
// effect of slope[k] at once, and of long_run[k] when all of it has arrived
// (for |rho| < 1). The first observation is taken as given.
//
// The predictors enter in standard deviations from their means: alpha is the
// mean of the series under average predictors, one prior fits every beta[k]
// whatever the unit of its predictor, and slope[k] is the effect of one unit.
//
// The rows of the table are the times, in their order and without a gap.
//
// Units: alpha and sigma have the unit of y; beta[k] is y per standard
// deviation of the k-th predictor, slope[k] and long_run[k] per unit of it;
// rho has none.
//
// Reference: Hamilton (1994), Time Series Analysis, chapters 3 and 8.
data {
  int<lower=2> N; // number of times
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  vector[N] y; // outcome (unit of y)
  real alpha_prior_mean; // centre of the prior of alpha (unit of y)
  real<lower=0> alpha_prior_sd; // its standard deviation (unit of y)
  real rho_prior_mean; // centre of the prior of rho (none)
  real<lower=0> rho_prior_sd; // its standard deviation (none)
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
  real alpha; // mean of the series under average predictors
  real rho; // share of a deviation that is left one step later
  vector[K] beta; // change per standard deviation of each predictor
  real<lower=0> sigma; // standard deviation of the errors
}
model {
  alpha ~ normal(alpha_prior_mean, alpha_prior_sd);
  rho ~ normal(rho_prior_mean, rho_prior_sd);
  beta ~ normal(0, beta_prior_sd);
  sigma ~ normal(0, sigma_prior_sd);
  for (n in 2 : N) {
    y[n] ~ normal(alpha + rho * (y[n - 1] - alpha) + Z[n] * beta, sigma);
  }
}
generated quantities {
  vector[K] slope = beta ./ X_sd; // change per unit of each predictor
  vector[K] long_run = slope / (1 - rho); // of a change that stays
}
