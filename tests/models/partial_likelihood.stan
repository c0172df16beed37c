// A partial likelihood: each event against those still at risk.
data {
  int N;
  array[N] int event;
  vector[N] time;
  vector[N] x;
}
parameters {
  real beta;
}
model {
  vector[N] log_theta = x * beta;
  beta ~ normal(0, 2); // prior
  for (n in 1 : N) {
    if (event[n]) 
      target += log_theta[n] - log_sum_exp(log_theta[n : N]); // likelihood
  }
}
