// Occupancy: a site without detections may be empty.
data {
  int<lower=1> R;
  int<lower=1> T;
  array[R, T] int<lower=0, upper=1> y;
}
transformed data {
  array[R] int total;
  for (r in 1 : R) {
    total[r] = sum(y[r]);
  }
}
parameters {
  real<lower=0, upper=1> psi;
  real<lower=0, upper=1> p;
}
model {
  psi ~ uniform(0, 1); // prior
  p ~ beta(2, 2); // prior
  for (r in 1 : R) {
    if (total[r] > 0) {
      1 ~ bernoulli(psi); // likelihood
      y[r] ~ bernoulli(p); // likelihood
    } else {
      target += log_sum_exp(bernoulli_lpmf(1 | psi) + bernoulli_lpmf(y[r] | p), bernoulli_lpmf(0 | psi)); // likelihood
    }
  }
}
