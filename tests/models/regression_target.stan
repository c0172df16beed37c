// The same regression as one sum added to target.
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
transformed parameters {
  vector[N] mu = alpha + X * beta;
}
model {
  target += normal_lpdf(alpha | 0, 10) + normal_lpdf(beta | 0, 2.5) + exponential_lpdf(sigma | 1) + normal_lpdf(y | mu, sigma); // prior, likelihood
}
