// Priors whose constants come from the outcome, and a parameter with two priors and one with none.
data {
  int<lower=1> N;
  vector[N] y;
}
parameters {
  real mu;
  real<lower=0> sigma;
  real nu;
}
model {
  mu ~ normal(mean(y), 10); // prior
  sigma ~ exponential(1); // prior
  sigma ~ normal(0, 5); // prior
  y ~ normal(mu + nu, sigma); // likelihood
}
