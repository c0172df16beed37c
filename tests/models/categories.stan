// Categorical outcomes and counts over categories.
data {
  int<lower=1> N;
  array[N] int<lower=1, upper=3> y;
  array[3] int<lower=0> counts;
}
parameters {
  simplex[3] theta;
  vector[3] beta;
}
model {
  theta ~ dirichlet([1, 2.5, 3]'); // prior
  beta ~ normal(0, 1); // prior
  y ~ categorical(theta); // likelihood
  y ~ categorical_logit(beta); // likelihood
  counts ~ multinomial(theta); // likelihood
}
