// Linear regression where few of many predictors matter: regularised horseshoe.
//
// Story: of K predictors about slopes_expected are thought to matter. Each
// slope has a scale of its own, lambda[k], with a heavy tail, and all share
// tau, which is small: most slopes shrink to nothing, the few large ones
// escape. A slab keeps even those within reason.
//
// The predictors enter in standard deviations from their means: alpha is the
// value of an average observation, one prior fits every beta[k] whatever the
// unit of its predictor, and slope[k] is the effect of one unit.
//
// Units: alpha, beta, sigma and the slab have the unit of y; slope[k] has the
// unit of y per unit of the k-th predictor.
//
// Reference: Piironen and Vehtari (2017), Sparsity information and
// regularization in the horseshoe and other shrinkage priors, Electronic
// Journal of Statistics 11, 5018-5051.
data {
  int<lower=1> N; // number of observations
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  vector[N] y; // outcome (unit of y)
  real alpha_prior_mean; // centre of the prior of alpha (unit of y)
  real<lower=0> alpha_prior_sd; // its standard deviation (unit of y)
  real<lower=0> sigma_prior_sd; // scale of the half-normal (unit of y)
  real<lower=0, upper=K> slopes_expected; // predictors that matter (count)
  real<lower=0> slab_prior_scale; // size of a large coefficient (unit of y)
  real<lower=0> slab_prior_df; // degrees of freedom of the slab (none)
}
transformed data {
  vector[K] X_sd; // standard deviation of each predictor
  matrix[N, K] Z; // predictors, centred and in standard deviations
  for (k in 1 : K) {
    X_sd[k] = sd(X[ : , k]);
    Z[ : , k] = (X[ : , k] - mean(X[ : , k])) / X_sd[k];
  }
  // what tau must be for that many coefficients to escape
  real tau_prior_scale = slopes_expected / (K - slopes_expected) / sqrt(N);
}
parameters {
  real alpha; // expected outcome of an average observation
  vector[K] beta_raw; // coefficients in units of their scales
  vector<lower=0>[K] lambda; // scale of each coefficient
  real<lower=0> tau; // scale they share, in units of sigma
  real<lower=0> slab; // squared width of the slab, relative to its scale
  real<lower=0> sigma; // residual standard deviation
}
transformed parameters {
  vector[K] beta; // change of the outcome per standard deviation of each
  {
    real slab2 = square(slab_prior_scale) * slab;
    vector[K] lambda2 = square(lambda);
    real tau2 = square(sigma * tau);
    beta = beta_raw * sigma * tau
           .* sqrt(slab2 * lambda2 ./ (slab2 + tau2 * lambda2));
  }
}
model {
  alpha ~ normal(alpha_prior_mean, alpha_prior_sd);
  sigma ~ normal(0, sigma_prior_sd);
  beta_raw ~ std_normal();
  lambda ~ cauchy(0, 1);
  tau ~ cauchy(0, tau_prior_scale);
  slab ~ inv_gamma(slab_prior_df / 2, slab_prior_df / 2);
  y ~ normal_id_glm(Z, alpha, beta, sigma);
}
generated quantities {
  vector[K] slope = beta ./ X_sd; // change per unit of each predictor
  array[N] real y_rep = normal_rng(alpha + Z * beta, sigma);
}
