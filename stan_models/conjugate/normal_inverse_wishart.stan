// Means and covariance matrix of several measurements of each individual.
//
// Story: K quantities are measured on each of N individuals, and vary
// together as a multivariate normal. The normal-inverse-Wishart prior is
// conjugate: given Sigma, the prior of mu counts like mu_prior_n individuals
// at mu_prior_mean, and that of Sigma like Sigma_prior_df individuals with
// uncorrelated measurements. Where standard deviations and correlations
// deserve priors of their own, prefer an LKJ prior, which is not conjugate.
//
// Units: y and mu have the unit of the measurement, Sigma its square.
//
// Reference: Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013),
// Bayesian Data Analysis, 3rd edition, section 3.6.
data {
  int<lower=1> N; // number of individuals
  int<lower=1> K; // number of measurements of each
  array[N] vector[K] y; // measurements (unit of y)
  real mu_prior_mean; // centre of the prior of every mean (unit of y)
  real<lower=0> mu_prior_n; // individuals the prior of mu is worth (count)
  real<lower=K - 1> Sigma_prior_df; // degrees of freedom of Sigma (count)
  real<lower=0> Sigma_prior_scale; // diagonal of its scale (squared unit of y)
}
parameters {
  vector[K] mu; // means
  cov_matrix[K] Sigma; // covariance matrix
}
model {
  Sigma ~ inv_wishart(Sigma_prior_df, Sigma_prior_scale * identity_matrix(K));
  mu ~ multi_normal(rep_vector(mu_prior_mean, K), Sigma / mu_prior_n);
  y ~ multi_normal(mu, Sigma);
}
generated quantities {
  array[N] vector[K] y_rep;
  for (n in 1 : N) {
    y_rep[n] = multi_normal_rng(mu, Sigma);
  }
}
