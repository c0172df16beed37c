// The program reads what it has added up.
data {
  int<lower=1> N;
  vector[N] y;
}
parameters {
  real mu;
}
model {
  mu ~ normal(0, 1); // prior
  y ~ normal(mu, 1); // likelihood
  target += 0 * target(); // unplaced
}
