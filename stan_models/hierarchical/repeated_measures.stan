// The same people measured under every condition.
//
// Story: each of J people is measured under each of C conditions, once or more
// often. People differ in level, which varies normally with standard
// deviation tau and would drown the conditions if they were compared between
// people; within a person they are compared exactly. The effects of the
// conditions sum to zero. Written non-centred.
//
// Units: everything but person_raw has the unit of y.
//
// Reference: Gelman and Hill (2007), Data Analysis Using Regression and
// Multilevel/Hierarchical Models, chapters 12 and 22.
data {
  int<lower=1> N; // number of measurements
  int<lower=1> J; // number of people
  array[N] int<lower=1, upper=J> person; // who was measured (number)
  int<lower=2> C; // number of conditions
  array[N] int<lower=1, upper=C> condition; // under which (number)
  vector[N] y; // measurement (unit of y)
  real alpha_prior_mean; // centre of the prior of alpha (unit of y)
  real<lower=0> alpha_prior_sd; // its standard deviation (unit of y)
  real<lower=0> effect_prior_sd; // of each effect (unit of y)
  real<lower=0> tau_prior_sd; // scale of the half-normal (unit of y)
  real<lower=0> sigma_prior_sd; // scale of the half-normal (unit of y)
}
transformed data {
  // that many effects of this width, less their mean, have effect_prior_sd
  real effect_sd = effect_prior_sd * sqrt(C / (C - 1.0));
}
parameters {
  real alpha; // mean over people and conditions
  sum_to_zero_vector[C] effect; // of each condition
  real<lower=0> tau; // standard deviation between people
  vector[J] person_raw; // standardised levels of people
  real<lower=0> sigma; // standard deviation of a measurement
}
transformed parameters {
  vector[J] level = tau * person_raw; // of each person, relative to alpha
}
model {
  alpha ~ normal(alpha_prior_mean, alpha_prior_sd);
  effect ~ normal(0, effect_sd);
  tau ~ normal(0, tau_prior_sd);
  person_raw ~ std_normal();
  sigma ~ normal(0, sigma_prior_sd);
  y ~ normal(alpha + effect[condition] + level[person], sigma);
}
generated quantities {
  array[N] real y_rep = normal_rng(alpha + effect[condition] + level[person],
                                   sigma);
}
