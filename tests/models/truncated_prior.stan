// Priors cut below, above, and on both sides.
data {
  int<lower=0> N;
  vector[N] y;
}
parameters {
  real<lower=0> tau;
  real<upper=2> eta;
  real<lower=-1, upper=1> rho;
}
model {
  tau ~ normal(1, 2) T[0, ]; // prior
  eta ~ normal(0, 1) T[ , 2]; // prior
  rho ~ normal(0, 0.5) T[-1, 1]; // prior
  y ~ normal(eta + rho, tau); // likelihood
}
