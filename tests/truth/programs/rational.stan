// A cubic over a cubic, as in NIST's Thurber; climbs start around NIST's first, far start.
data {
  int<lower=1> N; // number of rows
  vector[N] x; // logarithm of the density
  vector[N] y; // mobility of the electron
}
parameters {
  real<offset=1000, multiplier=50> b1;
  real<offset=1000, multiplier=50> b2;
  real<offset=400, multiplier=20> b3;
  real<offset=40, multiplier=2> b4;
  real<offset=0.7, multiplier=0.035> b5;
  real<offset=0.3, multiplier=0.015> b6;
  real<offset=0.03, multiplier=0.0015> b7;
  real<lower=0> sigma; // residual scale
}
model {
  vector[N] above = b1 + x .* (b2 + x .* (b3 + b4 * x));
  vector[N] below = 1 + x .* (b5 + x .* (b6 + b7 * x));
  y ~ normal(above ./ below, sigma);
}
