// A Gaussian process with its function values integrated out: one joint density.
data {
  int<lower=1> N;
  array[N] real x;
  vector[N] y;
}
parameters {
  real<lower=0> rho;
  real<lower=0> alpha;
  real<lower=0> sigma;
}
model {
  matrix[N, N] K = gp_exp_quad_cov(x, alpha, rho);
  for (n in 1 : N) {
    K[n, n] = K[n, n] + square(sigma);
  }
  rho ~ inv_gamma(5, 5); // prior
  alpha ~ std_normal(); // prior
  sigma ~ std_normal(); // prior
  y ~ multi_normal_cholesky(rep_vector(0, N), cholesky_decompose(K)); // likelihood
}
