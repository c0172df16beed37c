// Matrices as outcomes, container increments, arrays of arrays.
data {
  int<lower=1> N;
  matrix[N, 2] Y;
  array[N, 2] real z;
}
parameters {
  real mu;
  vector[N] theta;
}
model {
  mu ~ logistic(0, 1); // prior
  target += -0.5 * square(theta); // prior
  to_vector(Y) ~ normal(mu, 1); // likelihood
  for (n in 1 : N) {
    z[n] ~ student_t(4, theta[n], 1); // likelihood
    target += normal_lpdf(Y[n] | theta[n], 2); // likelihood
  }
}
