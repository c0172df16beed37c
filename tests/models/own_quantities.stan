// Names that we would have used: the program's own log_lik, lprior, weights, n and y_rep.
data {
  int<lower=1> N;
  vector[N] y;
  vector<lower=0>[N] weights;
}
parameters {
  real mu;
  real<lower=0> roles;
}
model {
  real value = 2;
  mu ~ normal(0, value); // prior
  roles ~ exponential(1); // prior
  for (n in 1 : N) {
    target += weights[n] * normal_lpdf(y[n] | mu, roles); // likelihood
  }
}
generated quantities {
  vector[N] log_lik;
  array[N] real y_rep = normal_rng(rep_vector(mu, N), roles);
  real lprior = normal_lpdf(mu | 0, 2);
  for (n in 1 : N) {
    log_lik[n] = weights[n] * normal_lpdf(y[n] | mu, roles);
  }
}
