functions {
  real mine_lpdf(real y, real mu, real s) {
    return normal_lupdf(y | mu, s) - log1p(s);
  }
}
data {
  int<lower=0> N;
  int<lower=1> J;
  array[N] int<lower=1, upper=J> group;
  vector[N] x1;
  vector[N] y;
}
parameters {
  real alpha;
  vector[J] u;
  real<lower=0> sigma;
  simplex[2] p;
}
model {
  alpha ~ normal(0, 5);
  u ~ normal(0, 1);
  sigma ~ exponential(1);
  for (n in 1 : N) {
    vector[2] lp = log(p);
    lp[1] += normal_lpdf(y[n] | alpha, sigma);
    lp[2] += normal_lpdf(y[n] | u[group[n]], 2 * sigma);
    target += log_sum_exp(lp);
  }
  for (n in 1 : N) {
    y[n] ~ mine(alpha * x1[n], sigma);
  }
  for (n in 1 : N) {
    real mu = 0;
    for (k in 1 : 2) {
      mu += k * alpha * x1[n];
    }
    if (mu > 0) {
      y[n] ~ normal(mu, sigma);
    } else {
      y[n] ~ student_t(3, mu, sigma);
    }
  }
  for (n in 1 : N) {
    y[n] ~ normal(0.1, sigma) T[-50, ];
  }
}
