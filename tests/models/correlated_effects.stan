// Varying intercepts and slopes with a correlation matrix, as Cholesky factors.
data {
  int<lower=1> N;
  int<lower=1> J;
  array[N] int<lower=1, upper=J> jj;
  vector[N] x;
  vector[N] y;
}
parameters {
  vector[2] gamma;
  vector<lower=0>[2] tau;
  cholesky_factor_corr[2] L;
  matrix[2, J] z;
  real<lower=0> sigma;
}
transformed parameters {
  matrix[J, 2] beta = (rep_matrix(gamma, J) + diag_pre_multiply(tau, L) * z)';
}
model {
  gamma ~ normal(0, 5); // prior
  tau ~ student_t(3, 0, 2.5); // prior
  L ~ lkj_corr_cholesky(2); // prior
  to_vector(z) ~ std_normal(); // latent
  for (n in 1 : N) {
    y[n] ~ normal(beta[jj[n], 1] + beta[jj[n], 2] * x[n], sigma); // likelihood
  }
}
