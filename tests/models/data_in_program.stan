// Observations written into the program, and one that it draws.
transformed data {
  array[4] int y = {1, 0, 2, 5};
  vector[3] z;
  real scale = 2.5;
  for (n in 1 : 3) {
    z[n] = n * 0.5;
  }
}
parameters {
  real<lower=0> lambda;
}
model {
  lambda ~ gamma(2, scale); // prior
  y ~ poisson(lambda); // likelihood
  z ~ normal(lambda, 1); // likelihood
}
