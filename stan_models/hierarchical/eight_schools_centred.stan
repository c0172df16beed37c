// The eight schools in the centred form: a lesson in funnels.
//
// Story: J parallel experiments each report an estimated effect y[j] and
// its standard error sigma[j]. The true effects theta[j] vary around a
// common mean mu with standard deviation tau. Written as it is said, with
// theta ~ normal(mu, tau). That form is right where the data of every group
// are strong; here they are weak, tau may approach zero, and then theta must
// lie within tau of mu: a funnel whose neck the sampler cannot enter, as
// divergences and a low effective sample size show. Compare the same model
// in eight_schools.stan, written non-centred.
//
// Units: everything is in the unit of y (points of the SAT-V test for the
// eight schools).
//
// References: Rubin (1981), Estimation in parallel randomized experiments,
// Journal of Educational Statistics 6, 377-401. Gelman et al. (2013),
// Bayesian Data Analysis, 3rd edition, section 5.5. Betancourt and
// Girolami (2015), Hamiltonian Monte Carlo for hierarchical models.
data {
  int<lower=1> J; // number of groups
  vector[J] y; // estimated effect (points)
  vector<lower=0>[J] sigma; // its standard error (points)
  real mu_prior_mean; // centre of the prior of mu (points)
  real<lower=0> mu_prior_sd; // its standard deviation (points)
  real<lower=0> tau_prior_scale; // scale of the half-Cauchy prior (points)
}
parameters {
  real mu; // mean of the true effects
  real<lower=0> tau; // standard deviation of the true effects
  vector[J] theta; // true effects
}
model {
  mu ~ normal(mu_prior_mean, mu_prior_sd);
  tau ~ cauchy(0, tau_prior_scale);
  theta ~ normal(mu, tau);
  y ~ normal(theta, sigma);
}
generated quantities {
  array[J] real y_rep = normal_rng(theta, sigma);
}
