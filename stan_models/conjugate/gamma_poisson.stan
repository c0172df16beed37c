// One rate behind several counts, each with its own exposure.
//
// Story: events happen independently of each other at a constant rate, and
// y[n] of them were counted during exposure[n]. The gamma prior is conjugate:
// it counts like a events in an exposure of b, seen before the data, and the
// posterior is gamma(a + sum(y), b + sum(exposure)).
//
// Units: exposure has any unit of time, area or population; rate is events
// per unit of exposure.
//
// Reference: Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013),
// Bayesian Data Analysis, 3rd edition, section 2.6.
data {
  int<lower=1> N; // number of counts
  array[N] int<lower=0> y; // events (count)
  vector<lower=0>[N] exposure; // time, area or population watched (exposure)
  real<lower=0> rate_prior_a; // prior number of events (count)
  real<lower=0> rate_prior_b; // prior exposure (exposure)
}
parameters {
  real<lower=0> rate; // events per unit of exposure
}
model {
  rate ~ gamma(rate_prior_a, rate_prior_b);
  y ~ poisson(exposure * rate);
}
generated quantities {
  array[N] int<lower=0> y_rep = poisson_rng(exposure * rate);
}
