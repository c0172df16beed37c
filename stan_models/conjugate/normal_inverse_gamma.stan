// Mean and variance of a normal sample, both unknown.
//
// Story: N values scatter normally around a mean mu with variance sigma2.
// The normal-inverse-gamma prior is conjugate: given sigma2, the prior of mu
// counts like mu_prior_n values whose average is mu_prior_mean. A posteriori
// mu has a Student t distribution and sigma2 an inverse gamma.
//
// Units: y, mu and sigma have one unit, sigma2 its square.
//
// Reference: Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013),
// Bayesian Data Analysis, 3rd edition, section 3.3.
data {
  int<lower=1> N; // number of values
  vector[N] y; // values (unit of y)
  real mu_prior_mean; // centre of the prior of mu (unit of y)
  real<lower=0> mu_prior_n; // values the prior of mu is worth (count)
  real<lower=0> sigma2_prior_a; // half the values behind that of sigma2 (count)
  real<lower=0> sigma2_prior_b; // half their sum of squares (squared unit of y)
}
parameters {
  real mu; // mean
  real<lower=0> sigma2; // variance
}
transformed parameters {
  real<lower=0> sigma = sqrt(sigma2); // standard deviation
}
model {
  sigma2 ~ inv_gamma(sigma2_prior_a, sigma2_prior_b);
  mu ~ normal(mu_prior_mean, sigma / sqrt(mu_prior_n));
  y ~ normal(mu, sigma);
}
generated quantities {
  array[N] real y_rep = normal_rng(rep_vector(mu, N), sigma);
}
