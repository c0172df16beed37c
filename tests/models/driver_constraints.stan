// One parameter of every constrained type but unit_vector, whose length has a density of its own.
parameters {
  real free;
  real<lower=1> above;
  real<upper=-1> below;
  real<lower=-2, upper=3> between;
  real<offset=5, multiplier=2> scaled;
  ordered[3] up;
  positive_ordered[2] positive_up;
  simplex[3] share;
  sum_to_zero_vector[3] contrast;
  sum_to_zero_matrix[2, 3] contrasts;
  column_stochastic_matrix[2, 3] columns;
  row_stochastic_matrix[2, 3] rows;
  cholesky_factor_corr[3] L_Omega;
  cholesky_factor_cov[2] L_Sigma;
  corr_matrix[3] Omega;
  cov_matrix[2] Sigma;
  array[2] vector<lower=0>[2] nested;
  complex point;
  tuple(real, vector<lower=0>[2]) pair;
}
model {
  free ~ std_normal();
  above ~ exponential(1);
  below ~ normal(-2, 1);
  scaled ~ normal(5, 2);
  up ~ std_normal();
  positive_up ~ exponential(1);
  contrast ~ std_normal();
  to_vector(contrasts) ~ std_normal();
  L_Omega ~ lkj_corr_cholesky(2);
  to_vector(L_Sigma) ~ std_normal();
  Omega ~ lkj_corr(2);
  Sigma ~ wishart(4, identity_matrix(2));
  nested[1] ~ exponential(1);
  nested[2] ~ exponential(1);
  get_real(point) ~ std_normal();
  get_imag(point) ~ std_normal();
  pair.1 ~ std_normal();
  pair.2 ~ exponential(1);
}

