// Beta regression: proportions between zero and one.
//
// Story: each outcome is a proportion, neither zero nor one. The log odds of
// its expectation mu are a weighted sum of K predictors, and it scatters
// around mu with variance mu (1 - mu) / (1 + kappa).
//
// The predictors enter in standard deviations from their means: alpha is the
// value of an average observation, one prior fits every beta[k] whatever the
// unit of its predictor, and slope[k] is the effect of one unit.
//
// Units: y is a proportion; alpha is in log odds, beta[k] in log odds per
// standard deviation of the k-th predictor, slope[k] per unit of it; kappa
// has none.
//
// Reference: Ferrari and Cribari-Neto (2004), Beta regression for modelling
// rates and proportions, Journal of Applied Statistics 31, 799-815.
data {
  int<lower=1> N; // number of observations
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  vector<lower=0, upper=1>[N] y; // outcome (proportion)
  real alpha_prior_mean; // centre of the prior of alpha (log odds)
  real<lower=0> alpha_prior_sd; // its standard deviation (log odds)
  real<lower=0> beta_prior_sd; // of each coefficient (log odds per sd of X)
  real<lower=0> kappa_prior_shape; // shape of its gamma prior (none)
  real<lower=0> kappa_prior_rate; // rate of its gamma prior (none)
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
  real alpha; // log odds of the expectation of an average observation
  vector[K] beta; // change of them per standard deviation of each predictor
  real<lower=0> kappa; // precision
}
model {
  alpha ~ normal(alpha_prior_mean, alpha_prior_sd);
  beta ~ normal(0, beta_prior_sd);
  kappa ~ gamma(kappa_prior_shape, kappa_prior_rate);
  y ~ beta_proportion(inv_logit(alpha + Z * beta), kappa);
}
generated quantities {
  vector[K] slope = beta ./ X_sd; // change per unit of each predictor
  array[N] real<lower=0, upper=1> y_rep = beta_proportion_rng(
                                            inv_logit(alpha + Z * beta),
                                            kappa);
}
