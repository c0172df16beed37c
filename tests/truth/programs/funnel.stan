// Neal's funnel with hardly any data: `v` sets the width of `x`, and chains cannot follow into the neck.
data {
  int<lower=1> N; // number of rows
  vector[N] y; // observations
}
parameters {
  real v; // twice the log of the width
  vector[N] x; // effects
}
model {
  v ~ normal(0, 3);
  x ~ normal(0, exp(v / 2));
  y ~ normal(x, 10);
}
