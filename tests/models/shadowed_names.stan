// Local variables of the model block that generated quantities declare again.
data {
  int<lower=1> N;
  vector[N] y;
}
parameters {
  real mu;
}
model {
  vector[N] eta = rep_vector(mu, N);
  real log_lik = 0;
  mu ~ normal(0, 1); // prior
  y ~ normal(eta, 1); // likelihood
  for (n in 1 : N) {
    real entry = y[n];
    target += normal_lpdf(entry | mu, 2); // likelihood
  }
}
generated quantities {
  vector[N] eta = rep_vector(mu, N);
  array[N] real y_rep = normal_rng(eta, 1);
  int entry = 3;
}
