// A Gaussian process, its function values as scaled standard normals.
data {
  int<lower=1> N;
  array[N] real x;
  array[N] int<lower=0> y;
}
parameters {
  real<lower=0> rho;
  real<lower=0> alpha;
  vector[N] eta;
}
transformed parameters {
  vector[N] f;
  {
    matrix[N, N] K = gp_exp_quad_cov(x, alpha, rho) + diag_matrix(rep_vector(1e-6, N));
    f = cholesky_decompose(K) * eta;
  }
}
model {
  rho ~ inv_gamma(5, 5); // prior
  alpha ~ std_normal(); // prior
  eta ~ std_normal(); // latent
  y ~ poisson_log(f); // likelihood
}
