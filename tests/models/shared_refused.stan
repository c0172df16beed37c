data {
  int<lower=0> N;
  vector[N] x;
  vector[N] y;
  array[N] int<lower=0> c;
}
parameters {
  vector[N] theta;
  real phi;
  real<lower=0> sigma;
}
transformed parameters {
  vector[N] eta = phi * x;
}
model {
  theta ~ normal(0, 1);
  phi ~ normal(0, 1);
  sigma ~ exponential(1);
  y ~ normal(theta, sigma);
  y ~ normal(eta, sigma);
  y ~ normal(0, sigma) T[-50, 50];
  vector[N] v;
  v[1] = 0;
  for (n in 2 : N) {
    v[n] = phi * v[n - 1] + x[n];
    c[n] ~ poisson_log(v[n]);
  }
  for (n in 1 : N) {
    c[n] ~ poisson_log(theta[n]);
    print(n);
  }
}
