// The variance of normal measurements of a quantity that is known.
//
// Story: an instrument measures a quantity whose true value mu is known, and
// the question is how large its errors are. The inverse-gamma prior of the
// variance is conjugate: the posterior is
// inv_gamma(a + N / 2, b + sum((y - mu)^2) / 2).
//
// Units: y, mu and sigma have the unit of the measurement, sigma2 its square.
//
// Reference: Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013),
// Bayesian Data Analysis, 3rd edition, section 2.6.
data {
  int<lower=1> N; // number of measurements
  vector[N] y; // measurements (unit of y)
  real mu; // the true value (unit of y)
  real<lower=0> sigma2_prior_a; // half the prior number of measurements (count)
  real<lower=0> sigma2_prior_b; // half their sum of squares (squared unit of y)
}
parameters {
  real<lower=0> sigma2; // variance of the error
}
transformed parameters {
  real<lower=0> sigma = sqrt(sigma2); // standard deviation of the error
}
model {
  sigma2 ~ inv_gamma(sigma2_prior_a, sigma2_prior_b);
  y ~ normal(mu, sigma);
}
generated quantities {
  array[N] real y_rep = normal_rng(rep_vector(mu, N), sigma);
}
