// Eight schools, non-centred: standard normals are scaled by the spread.
data {
  int<lower=0> J;
  vector[J] y;
  vector<lower=0>[J] sigma;
}
parameters {
  real mu;
  real<lower=0> tau;
  vector[J] theta_raw;
}
transformed parameters {
  vector[J] theta = mu + tau * theta_raw;
}
model {
  mu ~ normal(0, 5); // prior
  tau ~ cauchy(0, 5); // prior
  theta_raw ~ normal(0, 1); // latent
  y ~ normal(theta, sigma); // likelihood
}
