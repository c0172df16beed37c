// A horseshoe prior: local and global scales.
data {
  int<lower=1> N;
  int<lower=1> K;
  matrix[N, K] X;
  vector[N] y;
}
parameters {
  vector[K] z;
  vector<lower=0>[K] lambda;
  real<lower=0> tau;
  real<lower=0> sigma;
}
transformed parameters {
  vector[K] beta = z .* lambda * tau;
}
model {
  z ~ std_normal(); // latent
  lambda ~ cauchy(0, 1); // prior
  tau ~ cauchy(0, sigma); // latent
  sigma ~ exponential(1); // prior
  y ~ normal(X * beta, sigma); // likelihood
}
