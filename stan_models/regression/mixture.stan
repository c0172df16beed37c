// Two overlapping groups that nobody labelled: a mixture of two normals.
//
// Story: each value comes from one of two groups, and one does not see which.
// A share theta belongs to the first, whose mean is the smaller one: without
// that order the two could change places and nothing else would change.
//
// Units: y, mu and sigma have one unit; theta is a probability.
//
// Reference: Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013),
// Bayesian Data Analysis, 3rd edition, chapter 22.
data {
  int<lower=1> N; // number of values
  vector[N] y; // values (unit of y)
  real mu_prior_mean; // centre of the prior of both means (unit of y)
  real<lower=0> mu_prior_sd; // its standard deviation (unit of y)
  real sigma_prior_meanlog; // log of its median (log unit of y)
  real<lower=0> sigma_prior_sdlog; // sd of its logarithm (none)
  real<lower=0> theta_prior_a; // prior weight of the first group (values)
  real<lower=0> theta_prior_b; // prior weight of the second (values)
}
parameters {
  ordered[2] mu; // means
  vector<lower=0>[2] sigma; // standard deviations
  real<lower=0, upper=1> theta; // share of the first group
}
model {
  mu ~ normal(mu_prior_mean, mu_prior_sd);
  sigma ~ lognormal(sigma_prior_meanlog, sigma_prior_sdlog);
  theta ~ beta(theta_prior_a, theta_prior_b);
  for (n in 1 : N) {
    target += log_sum_exp(log(theta) + normal_lpdf(y[n] | mu[1], sigma[1]),
                          log1m(theta) + normal_lpdf(y[n] | mu[2], sigma[2]));
  }
}
generated quantities {
  vector<lower=0, upper=1>[N] first; // probability to be of the first group
  array[N] real y_rep;
  for (n in 1 : N) {
    first[n] = inv_logit(
                         logit(theta) + normal_lpdf(y[n] | mu[1], sigma[1])
                         - normal_lpdf(y[n] | mu[2], sigma[2]));
    int group = 2 - bernoulli_rng(theta);
    y_rep[n] = normal_rng(mu[group], sigma[group]);
  }
}
