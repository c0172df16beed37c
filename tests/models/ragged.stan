// Groups of different sizes in one long vector.
data {
  int<lower=1> G;
  int<lower=0> N;
  vector[N] y;
  array[G] int<lower=0, upper=1> sizes;
}
parameters {
  vector[G] theta;
}
model {
  int at = 1;
  theta ~ normal(0, 5); // prior
  for (g in 1 : G) {
    int last = min(at + sizes[g] - 1, N);
    if (last >= at) {
      y[at : last] ~ normal(theta[g], 1); // likelihood
    }
    at = last + 1;
  }
}
