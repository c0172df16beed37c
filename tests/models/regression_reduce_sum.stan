// The same regression, its likelihood summed in slices.
functions {
  real part_lpdf(array[] real y, int start, int end, matrix X, real alpha, vector beta, real sigma) {
    return normal_lupdf(y | alpha + X[start : end] * beta, sigma);
  }
}
data {
  int<lower=0> N;
  int<lower=1> K;
  matrix[N, K] X;
  array[N] real y;
}
parameters {
  real alpha;
  vector[K] beta;
  real<lower=0> sigma;
}
model {
  alpha ~ normal(0, 10); // prior
  beta ~ normal(0, 2.5); // prior
  sigma ~ exponential(1); // prior
  target += reduce_sum(part_lupdf, y, 1, X, alpha, beta, sigma); // likelihood
}
