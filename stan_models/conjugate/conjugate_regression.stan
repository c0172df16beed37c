// Linear regression with a conjugate prior: Zellner's g for the slopes.
//
// Story: the expected outcome is a weighted sum of K centred predictors. Given
// the residual variance sigma2, the slopes have a normal prior shaped like
// their own uncertainty under the data, g times as wide: the data are worth g
// times the prior, so least squares shrinks by g / (1 + g). The posterior is
// normal-inverse-gamma: every coefficient has a Student t distribution.
//
// Units: alpha and sigma have the unit of y, beta[k] that of y per unit of
// the k-th predictor; sigma2 has the squared unit of y.
//
// References: Zellner (1986), On assessing prior distributions and Bayesian
// regression analysis with g-prior distributions. Gelman et al. (2013),
// Bayesian Data Analysis, 3rd edition, section 14.2.
data {
  int<lower=1> N; // number of observations
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  vector[N] y; // outcome (unit of y)
  real alpha_prior_mean; // centre of the prior of alpha (unit of y)
  real<lower=0> alpha_prior_n; // observations it is worth (count)
  real<lower=0> beta_prior_g; // the data are worth g times the prior (ratio)
  real<lower=0> sigma2_prior_a; // half the values behind that of sigma2 (count)
  real<lower=0> sigma2_prior_b; // half their sum of squares (squared unit of y)
}
transformed data {
  matrix[N, K] X_centred; // predictors minus their means
  for (k in 1 : K) {
    X_centred[ : , k] = X[ : , k] - mean(X[ : , k]);
  }
  matrix[K, K] beta_precision = crossprod(X_centred) / beta_prior_g;
}
parameters {
  real alpha; // expected outcome at the mean of every predictor
  vector[K] beta; // slopes
  real<lower=0> sigma2; // residual variance
}
transformed parameters {
  real<lower=0> sigma = sqrt(sigma2); // residual standard deviation
}
model {
  sigma2 ~ inv_gamma(sigma2_prior_a, sigma2_prior_b);
  alpha ~ normal(alpha_prior_mean, sigma / sqrt(alpha_prior_n));
  beta ~ multi_normal_prec(rep_vector(0, K), beta_precision / sigma2);
  y ~ normal_id_glm(X_centred, alpha, beta, sigma);
}
generated quantities {
  array[N] real y_rep = normal_rng(alpha + X_centred * beta, sigma);
}
