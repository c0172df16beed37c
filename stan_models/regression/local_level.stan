// A level that drifts, and a pattern that returns every year: a structural
// time series.
//
// Story: a series is observed at equal intervals. Beneath it lies a level that
// takes a random step from each time to the next (a random walk with steps of
// standard deviation sigma_level); upon it come an effect of the season, the
// same every year, and noise of standard deviation sigma. The seasonal effects
// sum to zero. The level of a time is estimated from the observations on both
// sides of it; beyond the last one it goes on by its own steps, so that a
// forecast is less certain the further it reaches.
//
// The sampler measures each level from a moving average of the outcome over a
// year, in steps: so it meets neither a funnel nor a long ridge. That changes
// its path alone, not the density.
//
// The rows of the table are the times, in their order and without a gap.
//
// Units: everything has the unit of y.
//
// References: Harvey (1989), Forecasting, Structural Time Series Models and
// the Kalman Filter, chapters 2 and 4. Commandeur and Koopman (2007), An
// Introduction to State Space Time Series Analysis, chapters 2 and 4.
data {
  int<lower=2> N; // number of times
  int<lower=2> S; // number of seasons in a year
  array[N] int<lower=1, upper=S> season; // season of each time (number)
  vector[N] y; // outcome (unit of y)
  real level_prior_mean; // centre of the prior of level[1] (unit of y)
  real<lower=0> level_prior_sd; // its standard deviation (unit of y)
  real<lower=0> sigma_level_prior_sd; // scale of the half-normal (unit of y)
  real<lower=0> seasonal_prior_sd; // of each seasonal effect (unit of y)
  real<lower=0> sigma_prior_sd; // scale of the half-normal (unit of y)
}
transformed data {
  vector[N] around; // moving average of y over a year: about where level lies
  // that many effects of this width, less their mean, have seasonal_prior_sd
  real seasonal_sd = seasonal_prior_sd * sqrt(S / (S - 1.0));
  for (n in 1 : N) {
    around[n] = mean(y[max(1, n - S %/% 2) : min(N, n + S %/% 2)]);
  }
}
parameters {
  real<lower=0> sigma_level; // standard deviation of the level's steps
  real<lower=0> sigma; // standard deviation of the noise
  vector<offset=around, multiplier=sigma_level>[N] level; // at each time
  sum_to_zero_vector[S] seasonal; // effect of each season
}
model {
  sigma_level ~ normal(0, sigma_level_prior_sd);
  sigma ~ normal(0, sigma_prior_sd);
  seasonal ~ normal(0, seasonal_sd);
  level[1] ~ normal(level_prior_mean, level_prior_sd);
  for (n in 2 : N) {
    level[n] ~ normal(level[n - 1], sigma_level);
  }
  y ~ normal(level + seasonal[season], sigma);
}
generated quantities {
  array[N] real y_rep = normal_rng(level + seasonal[season], sigma);
}
