data {
  int<lower=0> N;
  int<lower=1> J;
  int<lower=1> K;
  array[N] int<lower=1, upper=J> group;
  matrix[N, K] X;
  vector[N] x1;
  vector[N] y;
  array[N] int<lower=0> counts;
  array[N] int<lower=0, upper=1> b;
  array[N] vector[2] pairs;
  int flag;
}
parameters {
  real alpha;
  vector[K] beta;
  vector[J] u;
  real<lower=0> sigma;
  vector[2] m;
  cov_matrix[2] S;
  real phi;
}
model {
  alpha ~ normal(0, 5);
  beta ~ normal(0, 2);
  u ~ normal(0, 1);
  sigma ~ exponential(1);
  m ~ normal(0, 1);
  phi ~ normal(0, 1);
  S ~ inv_wishart(4, identity_matrix(2));
  vector[N] mu = alpha + X * beta;
  y ~ student_t(4, mu, sigma);
  y ~ normal(alpha + X * beta + u[group], sigma);
  target += poisson_log_lpmf(counts | 0.1 * x1 + u[group]);
  b ~ bernoulli_logit(phi * x1);
  pairs ~ multi_normal(m, S);
  y[2 : N] ~ normal(phi * y[1 : N - 1], 2);
  if (flag) {
    y ~ cauchy(alpha, exp(0.1 * x1));
  }
  target += -0.5 * square((y - alpha - 0.2 * x1) / sigma);
}
