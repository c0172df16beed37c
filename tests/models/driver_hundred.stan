// A hundred independent parameters whose posterior is known: x[n] ~ normal(n, n / 10).
transformed data {
  int N = 100;
  vector[N] location = linspaced_vector(N, 1, N);
}
parameters {
  vector[N] x;
}
model {
  x ~ normal(location, location / 10);
}

