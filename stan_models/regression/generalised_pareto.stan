// Generalised Pareto tail: how far values beyond a threshold go.
//
// Story: far out, the excesses over a high threshold of almost any
// distribution are generalised Pareto. xi says how heavy the tail is: zero is
// exponential, xi > 0 a power law without a moment of order 1 / xi, and
// xi < 0 a tail that ends at threshold - sigma / xi.
//
// Units: y, threshold and sigma have one unit; xi has none.
//
// References: Coles (2001), An Introduction to Statistical Modeling of
// Extreme Values, chapter 4. Pickands (1975), Statistical inference using
// extreme order statistics, Annals of Statistics 3, 119-131.
functions {
  real generalised_pareto_lpdf(real y, real threshold, real sigma, real xi) {
    real z = (y - threshold) / sigma;
    if (abs(xi) < 1e-8) {
      return -z - log(sigma); // the limit: exponential
    }
    return -(1 + inv(xi)) * log1p(xi * z) - log(sigma);
  }
  real generalised_pareto_rng(real threshold, real sigma, real xi) {
    real u = uniform_rng(0, 1);
    if (abs(xi) < 1e-8) {
      return threshold - sigma * log(u);
    }
    return threshold + sigma * (pow(u, -xi) - 1) / xi;
  }
}
data {
  int<lower=1> N; // number of values beyond the threshold
  real threshold; // the threshold (unit of y)
  vector<lower=threshold>[N] y; // the values (unit of y)
  real<lower=0> sigma_prior_sd; // scale of the half-normal (unit of y)
  real xi_prior_mean; // centre of the prior of xi (none)
  real<lower=0> xi_prior_sd; // its standard deviation (none)
}
parameters {
  real<lower=0> sigma; // scale of the excesses
  real<lower=-sigma / (max(y) - threshold)> xi; // weight of the tail
}
model {
  sigma ~ normal(0, sigma_prior_sd);
  xi ~ normal(xi_prior_mean, xi_prior_sd);
  for (n in 1 : N) {
    y[n] ~ generalised_pareto(threshold, sigma, xi);
  }
}
generated quantities {
  array[N] real<lower=threshold> y_rep;
  for (n in 1 : N) {
    y_rep[n] = generalised_pareto_rng(threshold, sigma, xi);
  }
}
