// Measurements below a limit enter as the probability of lying there; the prior comes in alternatives.
data {
  int<lower=0> N;
  vector[N] y;
  int<lower=1, upper=3> family;
}
parameters {
  real mu;
  real<lower=0> sigma;
}
model {
  if (family == 1) 
    mu ~ normal(0, 1); // prior
  else if (family == 2) 
    mu ~ cauchy(0, 1); // prior
  else 
    target += student_t_lpdf(mu | 3, 0, 1); // prior
  sigma ~ gamma(2, 1); // prior
  for (n in 1 : N) 
    if (y[n] > 0.1) 
      y[n] ~ normal(mu, sigma); // likelihood
    else 
      target += normal_lcdf(0.1 | mu, sigma); // likelihood
}
