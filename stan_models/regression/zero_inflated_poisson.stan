// Zero-inflated Poisson regression: some counts are zero for a reason of their own.
//
// Story: a share theta of the observations cannot have any events at all. The
// others have Poisson counts whose log rate is a weighted sum of K
// predictors. Of a zero one does not see which kind it is.
//
// The predictors enter in standard deviations from their means: alpha is the
// value of an average observation, one prior fits every beta[k] whatever the
// unit of its predictor, and slope[k] is the effect of one unit.
//
// Units: alpha is a log rate; beta[k] changes it per standard deviation of
// the k-th predictor, slope[k] per unit of it; theta is a probability.
//
// Reference: Lambert (1992), Zero-inflated Poisson regression, with an
// application to defects in manufacturing, Technometrics 34, 1-14.
data {
  int<lower=1> N; // number of observations
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  array[N] int<lower=0> y; // events (count)
  real alpha_prior_mean; // centre of the prior of alpha (log rate)
  real<lower=0> alpha_prior_sd; // its standard deviation (log rate)
  real<lower=0> beta_prior_sd; // of each coefficient (log rate per sd of X)
  real<lower=0> theta_prior_a; // prior weight of sure zeros (observations)
  real<lower=0> theta_prior_b; // prior weight of the others (observations)
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
  real<lower=0, upper=1> theta; // share that cannot have events
}
model {
  vector[N] log_rate = alpha + Z * beta;
  alpha ~ normal(alpha_prior_mean, alpha_prior_sd);
  beta ~ normal(0, beta_prior_sd);
  theta ~ beta(theta_prior_a, theta_prior_b);
  for (n in 1 : N) {
    if (y[n] == 0) {
      target += log_sum_exp(log(theta),
                            log1m(theta) + poisson_log_lpmf(0 | log_rate[n]));
    } else {
      target += log1m(theta) + poisson_log_lpmf(y[n] | log_rate[n]);
    }
  }
}
generated quantities {
  vector[K] slope = beta ./ X_sd; // change per unit of each predictor
  array[N] int<lower=0> y_rep = poisson_log_rng(alpha + Z * beta);
  for (n in 1 : N) {
    y_rep[n] *= 1 - bernoulli_rng(theta);
  }
}
