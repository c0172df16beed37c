// A mixture of two normals, written as one.
data {
  int<lower=1> N;
  vector[N] y;
}
parameters {
  real<lower=0, upper=1> lambda;
  ordered[2] mu;
}
model {
  lambda ~ beta(5, 5); // prior
  mu ~ normal(0, 2); // prior
  for (n in 1 : N) 
    target += log_mix(lambda, normal_lpdf(y[n] | mu[1], 1), normal_lpdf(y[n] | mu[2], 1)); // likelihood
}
