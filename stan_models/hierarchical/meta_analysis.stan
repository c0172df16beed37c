// Trials of one treatment, partially pooled: meta-analysis of event counts.
//
// Story: each of J trials counts events in a treated and in a control arm. The
// log odds of control arms differ freely between trials; the effect of the
// treatment, a log odds ratio, varies normally around mu with standard
// deviation tau. The counts enter as binomial counts, so that rare events
// and empty cells need no correction. Effects are written non-centred.
//
// Units: counts of individuals; control, effect, mu and tau are in log odds.
//
// References: Gelman et al. (2013), Bayesian Data Analysis, 3rd edition,
// section 5.6. Smith, Spiegelhalter and Thomas (1995), Bayesian approaches to
// random-effects meta-analysis, Statistics in Medicine 14, 2685-2699.
data {
  int<lower=1> J; // number of trials
  array[J] int<lower=0> n_treated; // individuals treated (count)
  array[J] int<lower=0, upper=n_treated> y_treated; // events (count)
  array[J] int<lower=0> n_control; // individuals not treated (count)
  array[J] int<lower=0, upper=n_control> y_control; // events (count)
  real control_prior_mean; // centre of the prior of controls (log odds)
  real<lower=0> control_prior_sd; // its standard deviation (log odds)
  real mu_prior_mean; // centre of the prior of mu (log odds)
  real<lower=0> mu_prior_sd; // its standard deviation (log odds)
  real<lower=0> tau_prior_sd; // scale of the half-normal (log odds)
}
parameters {
  vector[J] control; // log odds of an event without the treatment
  real mu; // mean effect
  real<lower=0> tau; // standard deviation of the effects
  vector[J] effect_raw; // standardised deviations from mu
}
transformed parameters {
  vector[J] effect = mu + tau * effect_raw; // log odds ratio of each trial
}
model {
  control ~ normal(control_prior_mean, control_prior_sd);
  mu ~ normal(mu_prior_mean, mu_prior_sd);
  tau ~ normal(0, tau_prior_sd);
  effect_raw ~ std_normal();
  y_control ~ binomial_logit(n_control, control);
  y_treated ~ binomial_logit(n_treated, control + effect);
}
generated quantities {
  real<lower=0> odds_ratio = exp(mu); // of an average trial
  real effect_new = normal_rng(mu, tau); // of a trial yet to come
  array[J] int<lower=0> y_control_rep;
  array[J] int<lower=0> y_treated_rep;
  for (j in 1 : J) {
    y_control_rep[j] = binomial_rng(n_control[j], inv_logit(control[j]));
    y_treated_rep[j] = binomial_rng(n_treated[j],
                                    inv_logit(control[j] + effect[j]));
  }
}
