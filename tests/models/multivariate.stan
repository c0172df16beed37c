// Vectors observed together, several ways to give their covariance.
data {
  int<lower=1> N;
  array[N] vector[2] y;
  array[N] vector[2] mu_0;
}
parameters {
  vector[2] mu;
  cov_matrix[2] Sigma;
  corr_matrix[2] Omega;
  vector<lower=0>[2] tau;
}
model {
  mu ~ multi_normal(rep_vector(0, 2), diag_matrix(rep_vector(10, 2))); // prior
  Sigma ~ inv_wishart(5, identity_matrix(2)); // prior
  Omega ~ lkj_corr(1.5); // prior
  tau ~ cauchy(0, 2.5); // prior
  y ~ multi_normal(mu, Sigma); // likelihood
  y ~ multi_student_t(4, mu_0, quad_form_diag(Omega, tau)); // likelihood
}
