// A proportion with a conjugate prior whose constants are data.
data {
  int<lower=0> n;
  int<lower=0, upper=n> y;
  real<lower=0> a;
  real<lower=0> b;
}
parameters {
  real<lower=0, upper=1> theta;
}
model {
  theta ~ beta(a, b); // prior
  y ~ binomial(n, theta); // likelihood
}
