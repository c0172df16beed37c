// Counts with extra zeros: the branch is chosen by the count.
data {
  int<lower=0> N;
  array[N] int<lower=0> y;
}
parameters {
  real<lower=0, upper=1> theta;
  real<lower=0> lambda;
}
model {
  theta ~ beta(1, 1); // prior
  lambda ~ gamma(2, 1); // prior
  for (n in 1 : N) {
    if (y[n] == 0) {
      target += log_sum_exp(bernoulli_lpmf(1 | theta), bernoulli_lpmf(0 | theta) + poisson_lpmf(y[n] | lambda)); // likelihood
    } else {
      target += bernoulli_lpmf(0 | theta) + poisson_lpmf(y[n] | lambda); // likelihood
    }
  }
}
