// Right-censored lifetimes: summed out, and with the censored values as parameters.
data {
  int<lower=0> N;
  int<lower=0> N_censored;
  vector<lower=0>[N] y;
  real<lower=0> limit;
}
parameters {
  real mu;
  real<lower=0> sigma;
  vector<lower=limit>[N_censored] y_censored;
}
model {
  mu ~ normal(0, 1); // prior
  sigma ~ exponential(1); // prior
  y ~ lognormal(mu, sigma); // likelihood
  target += N_censored * lognormal_lccdf(limit | mu, sigma); // likelihood
  y_censored ~ lognormal(mu, sigma); // latent
}
