// Priors on functions of parameters, with the change of variables added by hand.
data {
  int<lower=1> N;
  array[N] int<lower=0> y;
}
parameters {
  real<lower=0> tau;
  real<lower=0> rate;
}
model {
  log(tau) ~ normal(0, 1); // prior
  target += -log(tau); // prior
  target += normal_lpdf(log(rate) | 0, 2) - log(rate); // prior
  target += normal_lccdf(0 | 0, 1); // unplaced
  y ~ poisson(tau + rate); // likelihood
}
