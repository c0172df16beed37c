// A conditional autoregression: the sum is softly held at zero.
data {
  int<lower=1> N;
  int<lower=1> E;
  array[E] int<lower=1, upper=N> node1;
  array[E] int<lower=1, upper=N> node2;
  array[N] int<lower=0> y;
}
parameters {
  real alpha;
  real<lower=0> sigma;
  vector[N] phi;
}
model {
  alpha ~ normal(0, 1); // prior
  sigma ~ normal(0, 1); // prior
  target += -0.5 * dot_self(phi[node1] - phi[node2]); // latent
  sum(phi) ~ normal(0, 0.001 * N); // latent
  y ~ poisson_log(alpha + sigma * phi); // likelihood
}
