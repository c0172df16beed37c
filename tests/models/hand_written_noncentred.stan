// Standard normals written by hand, scaled by an exponentiated parameter.
data {
  int N;
  int G;
  array[N] int g;
  vector[N] y;
}
parameters {
  real mu;
  vector[G] z;
  real log_tau;
  real<lower=0> s;
  vector[G] log_w;
}
model {
  vector[G] th = mu + exp(log_tau) * z;
  target += -0.5 * dot_self(z); // latent
  log_tau ~ normal(-1, 1); // prior
  mu ~ normal(0, 3); // prior
  s ~ exponential(1); // prior
  y ~ normal(th[g] + log_w[g], s .* exp(log_w[g])); // likelihood
  log_w ~ normal(0, 0.3); // prior
}
