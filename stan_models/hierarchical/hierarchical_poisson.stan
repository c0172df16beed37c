// Rates of several groups, partially pooled: hierarchical Poisson.
//
// Story: each of J units has y[j] events in its own exposure[j], at a rate of
// its own. The logarithms of the rates vary normally around mu with standard
// deviation tau; units that were hardly watched are drawn towards mu. Written
// non-centred.
//
// Units: exposure has any unit of time; mu is the log of events per unit of
// exposure, rate is events per unit of exposure.
//
// Reference: George, Makov and Smith (1993), Conjugate likelihood
// distributions, Scandinavian Journal of Statistics 20, 147-156 (the pumps).
data {
  int<lower=1> J; // number of units
  array[J] int<lower=0> y; // events (count)
  vector<lower=0>[J] exposure; // what they were counted in (exposure)
  real mu_prior_mean; // centre of the prior of mu (log rate)
  real<lower=0> mu_prior_sd; // its standard deviation (log rate)
  real<lower=0> tau_prior_sd; // scale of the half-normal (log rate)
}
transformed data {
  vector[J] log_exposure = log(exposure);
}
parameters {
  real mu; // mean of the log rates
  real<lower=0> tau; // their standard deviation
  vector[J] log_rate_raw; // standardised deviations from mu
}
transformed parameters {
  vector[J] log_rate = mu + tau * log_rate_raw;
}
model {
  mu ~ normal(mu_prior_mean, mu_prior_sd);
  tau ~ normal(0, tau_prior_sd);
  log_rate_raw ~ std_normal();
  y ~ poisson_log(log_exposure + log_rate);
}
generated quantities {
  vector<lower=0>[J] rate = exp(log_rate); // events per unit of exposure
  array[J] int<lower=0> y_rep = poisson_log_rng(log_exposure + log_rate);
}
