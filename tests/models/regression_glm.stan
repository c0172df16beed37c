// The same regression through the function that takes the design matrix.
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
  target += normal_lpdf(alpha | 0, 10); // prior
  target += normal_lupdf(beta | 0, 2.5); // prior
  sigma ~ exponential(1); // prior
  y ~ normal_id_glm(X, alpha, beta, sigma); // likelihood
}
