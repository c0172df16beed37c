// A parameter transformed by hand, with the change of variables where Stan wants it.
functions {
  real positive_jacobian(real x) {
    jacobian += x;
    return exp(x);
  }
}
data {
  int<lower=1> N;
  vector[N] y;
}
parameters {
  real log_sigma;
  real log_tau;
}
transformed parameters {
  real sigma = positive_jacobian(log_sigma);
  real tau = exp(log_tau);
  jacobian += log_tau;
}
model {
  sigma ~ exponential(1); // prior
  tau ~ exponential(2); // prior
  y ~ normal(tau, sigma); // likelihood
}
