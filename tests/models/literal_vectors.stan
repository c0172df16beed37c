// Constants of priors inside expressions.
data {
  int<lower=1> K;
  int<lower=0> N;
  matrix[N, K] X;
  array[N] int<lower=0, upper=1> y;
}
parameters {
  vector[K] beta;
  real<lower=0> tau;
  simplex[K] theta;
}
model {
  beta ~ normal(rep_vector(0, K), 2 * 1.25); // prior
  tau ~ normal(0, sqrt(10)); // prior
  theta ~ dirichlet(rep_vector(0.5, K)); // prior
  y ~ bernoulli_logit(X * beta + tau * theta[1]); // likelihood
}
