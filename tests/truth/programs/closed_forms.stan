// Independent parameters whose modes and means are known on every scale.
data {
  int<lower=1> N; // number of rows
  vector[N] y; // outcome
}
parameters {
  real<lower=0, upper=1> p; // beta(3, 9)
  real<lower=0> g; // gamma(3, 2)
  real<lower=0> h; // inverse gamma(4, 6)
  real z; // normal, given y
}
model {
  p ~ beta(3, 9);
  g ~ gamma(3, 2);
  h ~ inv_gamma(4, 6);
  z ~ normal(0, 2);
  y ~ normal(z, 1);
}
