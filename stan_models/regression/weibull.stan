// Weibull survival regression with right-censored times.
//
// Story: each individual is watched until an event, or until the watching
// ends without one (right-censored). The log of the characteristic time is a
// weighted sum of K predictors, which therefore stretch or shrink time; the
// hazard rises with time where the shape is above one, and falls where below.
//
// The predictors enter in standard deviations from their means: alpha is the
// value of an average observation, one prior fits every beta[k] whatever the
// unit of its predictor, and slope[k] is the effect of one unit.
//
// Units: t has any unit of time; alpha is the log of the characteristic time,
// by which 63 per cent have had the event; beta[k] changes it per standard
// deviation of the k-th predictor, slope[k] per unit of it; shape has none.
//
// Reference: Collett (2015), Modelling Survival Data in Medical Research, 3rd
// edition, chapters 5 and 6.
data {
  int<lower=1> N; // number of observations
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  vector<lower=0>[N] t; // time to the event or to censoring (time)
  array[N] int<lower=0, upper=1> event; // 1 event seen, 0 censored (none)
  real alpha_prior_mean; // centre of the prior of alpha (log time)
  real<lower=0> alpha_prior_sd; // its standard deviation (log time)
  real<lower=0> beta_prior_sd; // of each coefficient (log time per sd of X)
  real<lower=0> shape_prior_sdlog; // of its lognormal prior around 1 (none)
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
  real alpha; // log characteristic time of an average individual
  vector[K] beta; // change of it per standard deviation of each predictor
  real<lower=0> shape; // shape
}
model {
  vector[N] scale = exp(alpha + Z * beta);
  alpha ~ normal(alpha_prior_mean, alpha_prior_sd);
  beta ~ normal(0, beta_prior_sd);
  shape ~ lognormal(0, shape_prior_sdlog);
  for (n in 1 : N) {
    if (event[n] == 1) {
      t[n] ~ weibull(shape, scale[n]);
    } else {
      target += weibull_lccdf(t[n] | shape, scale[n]);
    }
  }
}
generated quantities {
  vector[K] slope = beta ./ X_sd; // change per unit of each predictor
  // times to the event, none of them censored
  array[N] real<lower=0> y_rep = weibull_rng(shape, exp(alpha + Z * beta));
}
