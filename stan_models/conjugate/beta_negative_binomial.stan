// One probability behind counts of failures before the r-th success.
//
// Story: independent trials succeed with the same probability theta, and
// y[n] counts the failures before the r-th success. With r = 1 that is the
// geometric distribution. The beta prior is conjugate: the posterior is
// beta(a + N r, b + sum(y)).
//
// Units: y counts failures; theta is a probability.
//
// Reference: Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013),
// Bayesian Data Analysis, 3rd edition, exercise 2.6 and appendix A.
data {
  int<lower=1> N; // number of counts
  array[N] int<lower=0> y; // failures before the r-th success (count)
  real<lower=0> r; // successes waited for; 1 is geometric (count)
  real<lower=0> theta_prior_a; // prior number of successes (count)
  real<lower=0> theta_prior_b; // prior number of failures (count)
}
parameters {
  real<lower=0, upper=1> theta; // probability of success
}
model {
  theta ~ beta(theta_prior_a, theta_prior_b);
  // Stan's neg_binomial(alpha, beta) succeeds with beta / (1 + beta)
  y ~ neg_binomial(r, theta / (1 - theta));
}
generated quantities {
  array[N] int<lower=0> y_rep;
  for (n in 1 : N) {
    y_rep[n] = neg_binomial_rng(r, theta / (1 - theta));
  }
}
