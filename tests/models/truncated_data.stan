// Observations cut at known limits, continuous and counts, one by one and all at once.
data {
  int<lower=1> N;
  vector<lower=0>[N] y;
  array[N] int<lower=1, upper=20> k;
}
parameters {
  real mu;
  real<lower=0> sigma;
  real<lower=0> lambda;
}
model {
  mu ~ normal(0, 1); // prior
  sigma ~ exponential(1); // prior
  lambda ~ exponential(0.2); // prior
  y ~ normal(mu, sigma) T[0, ]; // likelihood
  for (n in 1 : N) {
    k[n] ~ poisson(lambda) T[1, ]; // likelihood
    y[n] ~ normal(mu, sigma) T[-1, 1e6]; // likelihood
    k[n] ~ poisson(lambda) T[1, 20]; // likelihood
    k[n] ~ poisson(lambda) T[ , 20]; // likelihood
  }
}
