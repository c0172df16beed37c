// Logistic regression through the function that takes the design matrix, intercepts varying by row.
data {
  int<lower=1> N;
  int<lower=1> K;
  matrix[N, K] X;
  array[N] int<lower=0, upper=1> y;
  real<lower=0> beta_scale;
}
parameters {
  vector[N] alpha;
  vector[K] beta;
}
model {
  alpha ~ normal(0, 1); // prior
  beta ~ normal(0, beta_scale); // prior
  y ~ bernoulli_logit_glm(X, alpha, beta); // likelihood
}
