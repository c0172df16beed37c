// Parameters and data in tuples, taken apart in the model.
data {
  int<lower=1> N;
  tuple(vector[N], array[N] int<lower=0>) d;
}
parameters {
  tuple(real, array[2] real<lower=0>) p;
}
model {
  p.1 ~ normal(0, 3); // prior
  p.2 ~ exponential(1); // prior
  d.1 ~ normal(p.1, p.2[1]); // likelihood
  d.2 ~ poisson(p.2[2]); // likelihood
}
