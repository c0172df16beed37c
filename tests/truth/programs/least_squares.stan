// Least squares on predictors as they are, however badly scaled.
data {
  int<lower=1> N; // number of rows
  int<lower=1> K; // number of predictors, the constant among them
  matrix[N, K] X; // predictors
  vector[N] y; // outcome
}
parameters {
  vector[K] b; // coefficients
  real<lower=0> sigma; // residual scale
}
model {
  y ~ normal(X * b, sigma);
}
