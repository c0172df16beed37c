// A density of a constant: only the author knows what it is.
data {
  int<lower=1> N;
  array[N] int<lower=0> y;
}
parameters {
  vector[N] phi;
}
model {
  phi ~ normal(0, 1); // prior
  0 ~ normal(sum(phi), 0.001); // unplaced
  y ~ poisson_log(phi); // likelihood
}
