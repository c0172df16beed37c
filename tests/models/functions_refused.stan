// Functions that add to target in ways that are left alone: one calls the other.
functions {
  void inner_lp(real x) {
    x ~ normal(0, 1); // prior
  }
  void outer_lp(real x) {
    inner_lp(x);
  }
}
data {
  int<lower=1> N;
  vector[N] y;
}
parameters {
  real a;
}
model {
  outer_lp(a);
  y ~ normal(a, 1); // likelihood
}
