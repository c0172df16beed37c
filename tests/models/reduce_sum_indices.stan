// A sum in slices over group numbers, with priors of the groups inside it.
functions {
  real part(array[] int groups, int start, int end, vector y, array[] int group, vector theta, real sigma) {
    real lp = 0;
    for (g in groups) {
      for (n in 1 : size(y)) {
        if (group[n] == g) {
          lp += normal_lpdf(y[n] | theta[g], sigma);
        }
      }
    }
    return lp;
  }
}
data {
  int<lower=1> G;
  int<lower=0> N;
  vector[N] y;
  array[N] int<lower=1, upper=G> group;
}
transformed data {
  array[G] int groups;
  for (g in 1 : G) {
    groups[g] = g;
  }
}
parameters {
  vector[G] theta;
  real<lower=0> sigma;
}
model {
  theta ~ std_normal(); // prior
  sigma ~ lognormal(0, 1); // prior
  target += reduce_sum(part, groups, 1, y, group, theta, sigma); // likelihood
}
