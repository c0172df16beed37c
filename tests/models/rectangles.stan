// Terms computed in parallel and arrays of vectors, matrices and arrays as outcomes.
functions {
  vector shard(vector phi, vector theta, array[] real y, array[] int none) {
    return [normal_lpdf(y | phi[1], theta[1])]';
  }
}
data {
  int<lower=1> N;
  int<lower=1> M;
  array[2, N] real y;
  array[2, 1] int none;
  array[N] vector[M] v;
  matrix[N, M] X;
}
parameters {
  vector[1] phi;
  array[2] vector<lower=0>[1] theta;
  row_vector[M] r;
  cov_matrix[M] S;
}
model {
  target += sum(map_rect(shard, phi, theta, y, none)); // likelihood
  phi ~ std_normal(); // prior
  for (i in 1 : 2) {
    theta[i] ~ exponential(1); // prior
  }
  v ~ multi_normal(r, S); // likelihood
  to_vector(X) ~ normal(to_vector(rep_matrix(r, N)), 1); // likelihood
  X[ : , 1] ~ student_t(4, 0, theta[1][1]); // likelihood
  target += to_vector(X[1]) * phi[1]; // likelihood
  S ~ wishart(M + 2, identity_matrix(M)); // prior
  r ~ multi_normal(rep_row_vector(0, M), S); // latent
}
