// Multinomial logit: one of several categories without order.
//
// Story: the log odds of each category against the first are a weighted sum
// of K predictors, with weights of its own.
//
// The predictors enter in standard deviations from their means: alpha[c] is the
// value of an average observation, one prior fits every beta[k, c] whatever
// the unit of its predictor, and slope[k, c] is the effect of one unit.
//
// Units: alpha is in log odds against the first category, beta[k, c] in log
// odds per standard deviation of the k-th predictor, slope[k, c] per unit.
//
// Reference: Agresti (2013), Categorical Data Analysis, 3rd edition, section
// 8.1.
data {
  int<lower=1> N; // number of observations
  int<lower=1> K; // number of predictors
  matrix[N, K] X; // predictors (each in its own unit)
  int<lower=2> C; // number of categories
  array[N] int<lower=1, upper=C> y; // outcome (category)
  real<lower=0> alpha_prior_sd; // of each alpha (log odds)
  real<lower=0> beta_prior_sd; // of each coefficient (log odds per sd of X)
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
  vector[C - 1] alpha; // log odds of an average observation
  matrix[K, C - 1] beta; // change of them per standard deviation of each
}
model {
  alpha ~ normal(0, alpha_prior_sd);
  to_vector(beta) ~ normal(0, beta_prior_sd);
  y ~ categorical_logit_glm(Z, append_row(0, alpha),
        append_col(zeros_vector(K), beta));
}
generated quantities {
  matrix[K, C - 1] slope = diag_pre_multiply(inv(X_sd), beta); // per unit
  array[N] int<lower=1, upper=C> y_rep;
  for (n in 1 : N) {
    y_rep[n] = categorical_logit_rng(append_row(0, alpha + (Z[n] * beta)'));
  }
}
