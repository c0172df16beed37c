// Logistic regression with flat priors.
data {
  int<lower=1> N; // number of rows
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors
  array[N] int<lower=0, upper=1> y; // outcome
}
parameters {
  real alpha; // log odds at zero
  vector[K] beta; // slopes
}
model {
  y ~ bernoulli_logit(alpha + X * beta);
}
