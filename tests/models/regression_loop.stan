// The same regression, one statement for each observation.
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
  for (k in 1 : K) {
    beta[k] ~ normal(0, 2.5); // prior
  }
  sigma ~ exponential(1); // prior
  for (n in 1 : N) 
    y[n] ~ normal(alpha + X[n] * beta, sigma); // likelihood
}
