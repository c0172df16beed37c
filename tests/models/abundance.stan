// Unknown abundances, summed out from the largest count seen.
data {
  int<lower=1> R;
  int<lower=1> T;
  array[R, T] int<lower=0> y;
  int<lower=0> K;
  vector[R] X;
}
transformed data {
  array[R] int<lower=0> max_y;
  for (i in 1 : R) 
    max_y[i] = max(y[i]);
}
parameters {
  real alpha0;
  real alpha1;
  array[R] real<lower=0, upper=1> p;
  real<lower=0> sp;
}
model {
  alpha0 ~ normal(0, 10); // prior
  alpha1 ~ normal(0, 10); // prior
  sp ~ exponential(1); // prior
  p ~ beta(sp, 2); // latent
  for (i in 1 : R) {
    vector[K - max_y[i] + 1] lp;
    for (j in 1 : (K - max_y[i] + 1)) 
      lp[j] = poisson_log_lpmf(max_y[i] + j - 1 | alpha0 + alpha1 * X[i])
              + binomial_lpmf(y[i] | max_y[i] + j - 1, p[i]);
    target += log_sum_exp(lp); // likelihood
  }
}
