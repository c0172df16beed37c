// A decay measured at given times, solved numerically.
functions {
  vector decay(real t, vector z, real rate) {
    return -rate * z;
  }
}
data {
  int<lower=1> N;
  array[N] real<lower=0> y;
}
transformed data {
  array[N] real times;
  for (n in 1 : N) {
    times[n] = n * 0.5;
  }
}
parameters {
  real<lower=0> rate;
  vector<lower=0>[1] z0;
  real<lower=0> sigma;
}
transformed parameters {
  array[N] vector[1] z = ode_rk45(decay, z0, 0.0, times, rate);
}
model {
  rate ~ lognormal(0, 0.5); // prior
  z0 ~ lognormal(0, 1); // prior
  sigma ~ exponential(1); // prior
  y ~ lognormal(log(z[ : , 1] ), sigma); // likelihood
}
