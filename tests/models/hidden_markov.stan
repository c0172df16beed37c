// A hidden Markov model with two states, the forward algorithm by hand.
data {
  int<lower=1> T;
  array[T] real y;
}
parameters {
  array[2] simplex[2] Gamma;
  ordered[2] mu;
}
model {
  mu ~ normal(0, 3); // prior
  for (k in 1 : 2) {
    Gamma[k] ~ dirichlet([2, 2]'); // prior
  }
  {
    array[2] real acc;
    array[T, 2] real gamma;
    for (k in 1 : 2) {
      gamma[1, k] = normal_lpdf(y[1] | mu[k], 1);
    }
    for (t in 2 : T) {
      for (k in 1 : 2) {
        for (j in 1 : 2) {
          acc[j] = gamma[t - 1, j] + log(Gamma[j, k]) + normal_lpdf(y[t] | mu[k], 1);
        }
        gamma[t, k] = log_sum_exp(acc);
      }
    }
    target += log_sum_exp(gamma[T]); // likelihood
  }
}
