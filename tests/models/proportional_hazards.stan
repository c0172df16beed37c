// Left-truncated lifetimes, hazard and survival added up by hand.
data {
  int N;
  vector[N] t;
  vector[N] entry_time;
  array[N] int d;
  matrix[N, 2] X;
}
parameters {
  vector[2] b;
  real<lower=0> k;
}
model {
  vector[N] lam = exp(X * b);
  b ~ normal(0, 1); // prior
  k ~ gamma(2, 2); // prior
  for (n in 1 : N) {
    real ll = d[n] * (log(k) + log(lam[n]) + (k - 1) * log(t[n])) - lam[n] * t[n] ^ k;
    ll += lam[n] * entry_time[n] ^ k;
    target += ll; // likelihood
  }
}
