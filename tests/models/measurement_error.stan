// A covariate measured with error: its true value is a parameter.
data {
  int<lower=1> N;
  vector[N] x_measured;
  real<lower=0> tau;
  vector[N] y;
}
parameters {
  vector[N] x;
  real mu_x;
  real<lower=0> sigma_x;
  real alpha;
  real beta;
}
model {
  mu_x ~ normal(0, 10); // prior
  sigma_x ~ cauchy(0, 5); // prior
  x ~ normal(mu_x, sigma_x); // latent
  x_measured ~ normal(x, tau); // likelihood
  y ~ normal(alpha + beta * x, 1); // likelihood
}
