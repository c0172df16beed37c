// The lasso as a MAP.
data {
  int<lower=1> N; // number of rows
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors
  vector[N] y; // outcome
}
parameters {
  real alpha; // intercept
  vector[K] beta; // slopes
}
model {
  beta ~ double_exponential(0, 0.1);
  y ~ normal(alpha + X * beta, 1.5);
}
