// A random walk from scaled steps, started near the first observation.
data {
  int<lower=0> n;
  vector[n] y;
}
parameters {
  vector[n] mu_err;
  real mu0;
  real<lower=0> s1;
  real<lower=0> s2;
}
transformed parameters {
  vector[n] mu;
  mu[1] = mu0;
  for (t in 2 : n) 
    mu[t] = mu[t - 1] + s1 * mu_err[t - 1];
}
model {
  mu_err ~ std_normal(); // latent
  s1 ~ gamma(2, 1); // prior
  mu0 ~ normal(y[1], 10); // prior
  y ~ normal(mu, s2); // likelihood
  s2 ~ inv_gamma(0.5, 0.5); // prior
}
