// Gaps in the data: as parameters of their own, and merged into one vector.
data {
  int<lower=1> N_obs;
  int<lower=1> N_mis;
  vector[N_obs] y_obs;
}
parameters {
  real mu;
  real<lower=0> sigma;
  vector[N_mis] y_mis;
}
transformed parameters {
  vector[N_obs + N_mis] y;
  y[1 : N_obs] = y_obs;
  y[N_obs + 1 : N_obs + N_mis] = y_mis;
}
model {
  mu ~ normal(0, 1); // prior
  sigma ~ exponential(1); // prior
  y ~ normal(mu, sigma); // likelihood
}
