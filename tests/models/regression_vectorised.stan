// Linear regression, the likelihood as one vectorised statement.
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
  y ~ normal(alpha + X * beta, sigma); // likelihood
}
