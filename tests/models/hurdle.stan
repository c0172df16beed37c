// A hurdle model: hand-written probabilities in branches that the count chose.
data {
  int<lower=0> N;
  array[N] int<lower=0> y;
}
parameters {
  real<lower=0, upper=1> theta;
  real<lower=0> lambda;
}
model {
  lambda ~ gamma(2, 1); // prior
  for (n in 1 : N) {
    if (y[n] == 0) 
      target += log(theta); // likelihood
    else {
      target += log1m(theta) + poisson_lpmf(y[n] | lambda) - poisson_lccdf(0 | lambda); // likelihood
    }
  }
}
