// Linear regression that outliers do not pull: Student t errors.
//
// Story: the expected outcome is a weighted sum of K predictors, and most
// observations scatter closely around it, a few far away. The errors have a
// Student t distribution whose degrees of freedom nu are estimated too; a
// large nu is the normal distribution. The slopes are sampled on a rotated
// scale (thin QR decomposition), which makes correlated predictors harmless;
// their prior is that of the slopes themselves. There must be more
// observations than predictors.
//
// Units: alpha and sigma have the unit of y; beta[k] has the unit of y per
// unit of the k-th predictor; nu has none.
//
// References: Lange, Little and Taylor (1989), Robust statistical modeling
// using the t distribution. Juarez and Steel (2010), Model-based clustering
// of non-Gaussian panel data based on skew-t distributions (prior of nu).
data {
  int<lower=1> N; // number of observations
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  vector[N] y; // outcome (unit of y)
  real alpha_prior_mean; // centre of the prior of alpha (unit of y)
  real<lower=0> alpha_prior_sd; // its standard deviation (unit of y)
  real<lower=0> beta_prior_sd; // sd of each slope (y per unit of X)
  real<lower=0> sigma_prior_sd; // scale of the half-normal (unit of y)
  real<lower=0> nu_prior_shape; // shape of the gamma prior of nu (none)
  real<lower=0> nu_prior_rate; // its rate (none)
}
transformed data {
  matrix[N, K] X_centred; // predictors minus their means
  for (k in 1 : K) {
    X_centred[ : , k] = X[ : , k] - mean(X[ : , k]);
  }
  matrix[N, K] Q = qr_thin_Q(X_centred) * sqrt(N - 1.0);
  matrix[K, K] R_inverse = inverse(qr_thin_R(X_centred) / sqrt(N - 1.0));
}
parameters {
  real alpha; // expected outcome at the mean of every predictor
  vector[K] theta; // slopes on the rotated scale
  real<lower=0> sigma; // scale of the errors
  real<lower=1> nu; // degrees of freedom
}
transformed parameters {
  vector[K] beta = R_inverse * theta; // slopes
}
model {
  alpha ~ normal(alpha_prior_mean, alpha_prior_sd);
  beta ~ normal(0, beta_prior_sd);
  sigma ~ normal(0, sigma_prior_sd);
  nu ~ gamma(nu_prior_shape, nu_prior_rate);
  y ~ student_t(nu, alpha + Q * theta, sigma);
}
generated quantities {
  array[N] real y_rep = student_t_rng(nu, alpha + Q * theta, sigma);
}
