// Ordered outcomes, all at once and one by one.
data {
  int<lower=1> N;
  int<lower=2> K;
  array[N] int<lower=1, upper=3> y;
  vector[N] x;
}
parameters {
  real beta;
  ordered[2] c;
}
model {
  beta ~ student_t(4, 0, 2.5); // prior
  c ~ normal(0, 5); // prior
  y ~ ordered_logistic(beta * x, c); // likelihood
  for (n in 1 : N) 
    y[n] ~ ordered_probit(beta * x[n], c); // likelihood
}
