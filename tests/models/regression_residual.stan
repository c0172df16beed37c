// The same regression as a density of residuals, and its sum of log densities held in a local variable.
data {
  int<lower=0> N;
  int<lower=1> K;
  matrix[N, K] X;
  vector[N] y;
  vector[N] z;
}
parameters {
  real alpha;
  vector[K] beta;
  real<lower=0> sigma;
}
model {
  real lp = 0;
  y - X * beta ~ normal(alpha, sigma); // likelihood
  for (n in 1 : N) {
    lp += normal_lpdf(z[n] | alpha, sigma);
  }
  target += lp; // likelihood
}
