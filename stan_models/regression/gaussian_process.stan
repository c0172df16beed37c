// A smooth curve of unknown shape through noisy points: a Gaussian process.
//
// Story: the outcome follows a smooth function f of x, whose values at x and
// x' are correlated by how far apart those are: the correlation falls to 0.6
// at the distance rho. What f leaves unexplained is independent normal noise.
// The function is integrated out for sampling, and drawn afterwards.
//
// Units: alpha, eta, sigma and f have the unit of y, rho has that of x.
//
// References: Rasmussen and Williams (2006), Gaussian Processes for Machine
// Learning, chapter 2. Betancourt (2020), Robust Gaussian process modeling
// (prior of rho).
data {
  int<lower=1> N; // number of observations
  array[N] real x; // where (unit of x)
  vector[N] y; // outcome (unit of y)
  real alpha_prior_mean; // centre of the prior of alpha (unit of y)
  real<lower=0> alpha_prior_sd; // its standard deviation (unit of y)
  real<lower=0> rho_prior_shape; // shape of its inverse gamma prior (none)
  real<lower=0> rho_prior_scale; // scale of its inverse gamma prior (unit of x)
  real<lower=0> eta_prior_sd; // scale of the half-normal (unit of y)
  real<lower=0> sigma_prior_sd; // scale of the half-normal (unit of y)
}
parameters {
  real alpha; // mean level
  real<lower=0> rho; // distance over which f forgets itself
  real<lower=0> eta; // standard deviation of f around alpha
  real<lower=0> sigma; // standard deviation of the noise
}
model {
  matrix[N, N] L = cholesky_decompose(
                     add_diag(gp_exp_quad_cov(x, eta, rho), square(sigma)));
  alpha ~ normal(alpha_prior_mean, alpha_prior_sd);
  rho ~ inv_gamma(rho_prior_shape, rho_prior_scale);
  eta ~ normal(0, eta_prior_sd);
  sigma ~ normal(0, sigma_prior_sd);
  y ~ multi_normal_cholesky(rep_vector(alpha, N), L);
}
generated quantities {
  vector[N] f; // the curve at x
  array[N] real y_rep;
  {
    matrix[N, N] cov = gp_exp_quad_cov(x, eta, rho);
    matrix[N, N] L = cholesky_decompose(add_diag(cov, square(sigma)));
    matrix[N, N] v = mdivide_left_tri_low(L, cov);
    vector[N] mean_f = alpha + v' * mdivide_left_tri_low(L, y - alpha);
    // a little on the diagonal keeps a nearly singular matrix positive definite
    matrix[N, N] cov_f = add_diag(cov - crossprod(v), 1e-8 * square(eta));
    f = multi_normal_rng(mean_f, (cov_f + cov_f') / 2);
    y_rep = normal_rng(f, sigma);
  }
}
