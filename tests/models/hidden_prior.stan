// A density of the program's own that hides a prior, and one of a parameter that receives data.
functions {
  real both_lpdf(vector y, real mu) {
    return normal_lpdf(y | mu, 1) + normal_lpdf(mu | 0, 10);
  }
  real pulled_lpdf(real mu, vector x) {
    return -square(mu - mean(x));
  }
}
data {
  int<lower=1> N;
  vector[N] x;
  vector[N] y;
}
parameters {
  real mu;
  real nu;
}
model {
  y ~ both(mu); // unplaced
  nu ~ pulled(x); // unplaced
}
