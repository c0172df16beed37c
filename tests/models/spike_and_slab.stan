// A mixture as a prior: narrow or wide, with a given and with an unknown weight.
data {
  int<lower=1> N;
  vector[N] x;
  vector[N] y;
}
parameters {
  real beta;
  real gamma;
  real<lower=0, upper=1> weight;
}
model {
  target += log_mix(0.5, normal_lpdf(beta | 0, 0.1), normal_lpdf(beta | 0, 5)); // prior
  weight ~ beta(1, 1); // prior
  target += log_sum_exp(log(weight) + normal_lpdf(gamma | 0, 0.1), log1m(weight) + normal_lpdf(gamma | 0, 5)); // latent
  y ~ normal(gamma + beta * x, 1); // likelihood
}
