// A normal mean with known scale: the posterior is normal and the evidence is known.
data {
  int<lower=1> N; // number of rows
  vector[N] y; // outcome
}
parameters {
  real z; // mean
}
model {
  z ~ normal(0, 2);
  y ~ normal(z, 1);
}
