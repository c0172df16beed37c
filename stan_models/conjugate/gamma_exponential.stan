// A constant hazard behind times, some of them right-censored.
//
// Story: each individual is watched until an event, or until the watching
// ends without one (right-censored: the event would have come later). The
// hazard is constant, so times to the event are exponential. The gamma prior
// is conjugate, censoring or not: it counts like a events in b of watching
// time, and the posterior is gamma(a + sum(event), b + sum(t)).
//
// Units: t has any unit of time; rate is events per unit of time.
//
// References: Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013),
// Bayesian Data Analysis, 3rd edition, section 2.6. Collett (2015), Modelling
// Survival Data in Medical Research, 3rd edition, chapter 5.
data {
  int<lower=1> N; // number of individuals
  vector<lower=0>[N] t; // time to the event or to censoring (time)
  array[N] int<lower=0, upper=1> event; // 1 event seen, 0 censored (none)
  real<lower=0> rate_prior_a; // prior number of events (count)
  real<lower=0> rate_prior_b; // prior time watched (time)
}
parameters {
  real<lower=0> rate; // events per unit of time
}
model {
  rate ~ gamma(rate_prior_a, rate_prior_b);
  for (n in 1 : N) {
    if (event[n] == 1) {
      t[n] ~ exponential(rate);
    } else {
      target += exponential_lccdf(t[n] | rate);
    }
  }
}
generated quantities {
  real<lower=0> mean_time = inv(rate); // expected time to the event
  array[N] real<lower=0> y_rep; // times to the event, none of them censored
  for (n in 1 : N) {
    y_rep[n] = exponential_rng(rate);
  }
}
