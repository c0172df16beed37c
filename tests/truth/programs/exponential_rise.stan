// A non-linear regression: a rise towards a limit, as in NIST's Misra1a.
data {
  int<lower=1> N; // number of rows
  vector[N] x; // pressure
  vector[N] y; // volume
}
parameters {
  real<multiplier=100> limit; // volume at infinite pressure
  real<multiplier=1e-3> rate; // per unit of pressure
  real<lower=0> sigma; // residual scale
}
model {
  y ~ normal(limit * (1 - exp(-rate * x)), sigma);
}
generated quantities {
  real half = log(2) / rate; // pressure of half the limit
}
