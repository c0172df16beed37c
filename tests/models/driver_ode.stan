// Exponential decay by a numerical solver: y(t) = exp(-rate * t).
functions {
  vector decay(real t, vector y, real rate) {
    return -rate * y;
  }
}
parameters {
  real<lower=0> rate;
}
transformed parameters {
  vector[1] y = ode_rk45(decay, [1]', 0, {2.0}, rate)[1];
}
model {
  rate ~ lognormal(0, 0.5);
}

