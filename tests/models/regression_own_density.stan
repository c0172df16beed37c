// The same regression through a density that the program defines.
functions {
  real line_lpdf(vector y, matrix X, real alpha, vector beta, real sigma) {
    return normal_lpdf(y | alpha + X * beta, sigma);
  }
}
data {
  int<lower=0> N;
  int<lower=1> K;
  matrix[N, K] X;
  vector[N] y;
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
  y ~ line(X, alpha, beta, sigma); // likelihood
}
