// A density from an included file.
functions {
  #include priors.stanfunctions
}
data {
  int<lower=1> N;
  vector[N] y;
}
parameters {
  real mu;
}
model {
  mu ~ wide(5); // prior
  y ~ normal(mu, 1); // likelihood
}
