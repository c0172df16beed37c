// Functions that add to target: a prior and a likelihood in each, called twice.
functions {
  void half_normal_lp(real x, real scale) {
    x ~ normal(0, scale); // prior
    target += -normal_lccdf(0 | 0, scale); // unplaced
  }
  real noisy_lp(vector y, real mu) {
    real half = mu / 2;
    y ~ normal(mu, 1); // likelihood
    return half;
  }
}
data {
  int<lower=1> N;
  vector[N] y;
  vector[N] z;
}
parameters {
  real<lower=0> a;
  real<lower=0> b;
}
model {
  half_normal_lp(a, 2.5);
  half_normal_lp(b, 1);
  real h = noisy_lp(y, a);
  z ~ normal(h, b); // likelihood
}
