// Poisson regression with flat priors.
data {
  int<lower=1> N; // number of rows
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors
  array[N] int<lower=0> y; // outcome
}
parameters {
  real alpha; // log rate at zero
  vector[K] beta; // slopes
}
model {
  y ~ poisson_log(alpha + X * beta);
}
