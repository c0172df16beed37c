// Ordinal regression: answers in ordered levels (cumulative logit).
//
// Story: each observation has a hidden score, a weighted sum of K predictors
// plus a logistic error, and cutpoints divide it into L ordered levels. The
// cutpoints come from the probabilities p that an average observation has for
// each level, which have a Dirichlet prior.
//
// The predictors enter in standard deviations from their means: one prior fits
// every beta[k] whatever the unit of its predictor, and slope[k] is the effect
// of one unit.
//
// Units: beta and the cutpoints are in log odds, beta[k] per standard
// deviation and slope[k] per unit of the k-th predictor; p are probabilities.
//
// References: McCullagh (1980), Regression models for ordinal data, Journal
// of the Royal Statistical Society B 42, 109-142. Harrell (2020), Bayesian
// proportional odds models (Dirichlet prior of the cell probabilities).
data {
  int<lower=1> N; // number of observations
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  int<lower=2> L; // number of levels
  array[N] int<lower=1, upper=L> y; // outcome (level)
  real<lower=0> beta_prior_sd; // of each coefficient (log odds per sd of X)
  real<lower=0> p_prior_concentration; // weight of each level (observations)
}
transformed data {
  vector[K] X_sd; // standard deviation of each predictor
  matrix[N, K] Z; // predictors, centred and in standard deviations
  for (k in 1 : K) {
    X_sd[k] = sd(X[ : , k]);
    Z[ : , k] = (X[ : , k] - mean(X[ : , k])) / X_sd[k];
  }
}
parameters {
  vector[K] beta; // change of the score per standard deviation of each
  simplex[L] p; // probabilities of the levels for an average observation
}
transformed parameters {
  ordered[L - 1] cutpoints = logit(cumulative_sum(p)[1 : L - 1]);
}
model {
  beta ~ normal(0, beta_prior_sd);
  p ~ dirichlet(rep_vector(p_prior_concentration, L));
  y ~ ordered_logistic_glm(Z, beta, cutpoints);
}
generated quantities {
  vector[K] slope = beta ./ X_sd; // change per unit of each predictor
  array[N] int<lower=1, upper=L> y_rep;
  for (n in 1 : N) {
    y_rep[n] = ordered_logistic_rng(Z[n] * beta, cutpoints);
  }
}
