// Lifetimes, observed or censored by a flag, and censored ones at once.
data {
  int n;
  int m;
  vector[n] t_obs;
  vector[m] t_cens;
  array[n] int d;
}
parameters {
  real<lower=0> alpha;
  real<lower=0> sigma;
}
model {
  for (i in 1 : n) {
    if (d[i] == 1) 
      target += weibull_lpdf(t_obs[i] | alpha, sigma); // likelihood
    else 
      target += weibull_lccdf(t_obs[i] | alpha, sigma); // likelihood
  }
  target += weibull_lccdf(t_cens | alpha, sigma); // likelihood
  alpha ~ gamma(1, 1); // prior
  sigma ~ gamma(1, 1); // prior
}
