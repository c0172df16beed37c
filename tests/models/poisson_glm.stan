// Counts with an exposure, log link, and a negative binomial copy.
data {
  int<lower=1> N;
  int<lower=1> K;
  matrix[N, K] X;
  array[N] int<lower=0> y;
  vector<lower=0>[N] exposure;
}
parameters {
  real alpha;
  vector[K] beta;
  real<lower=0> phi;
}
model {
  alpha ~ normal(0, 2); // prior
  beta ~ double_exponential(0, 1); // prior
  phi ~ gamma(2, 0.1); // prior
  y ~ poisson_log(alpha + X * beta + log(exposure + 1)); // likelihood
  target += neg_binomial_2_log_glm_lpmf(y | X, alpha, beta, phi); // likelihood
}
