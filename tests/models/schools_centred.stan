// Eight schools, centred: the effects are given their mean and spread.
data {
  int<lower=0> J;
  vector[J] y;
  vector<lower=0>[J] sigma;
}
parameters {
  real mu;
  real<lower=0> tau;
  vector[J] theta;
}
model {
  mu ~ normal(0, 5); // prior
  tau ~ cauchy(0, 5); // prior
  theta ~ normal(mu, tau); // latent
  y ~ normal(theta, sigma); // likelihood
}
