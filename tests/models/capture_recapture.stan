// Cormack-Jolly-Seber: animals seen again, and those never seen again.
functions {
  array[] int last_seen(array[,] int y) {
    array[size(y)] int last = rep_array(0, size(y));
    for (i in 1 : size(y)) {
      for (t in 1 : size(y[i])) {
        if (y[i, t] == 1) {
          last[i] = t;
        }
      }
    }
    return last;
  }
}
data {
  int<lower=1> I;
  int<lower=2> T;
  array[I, T] int<lower=0, upper=1> y;
}
transformed data {
  array[I] int last = last_seen(y);
}
parameters {
  real<lower=0, upper=1> phi;
  real<lower=0, upper=1> p;
}
model {
  phi ~ beta(2, 2); // prior
  p ~ beta(2, 2); // prior
  for (i in 1 : I) {
    if (last[i] > 0) {
      for (t in 2 : last[i]) {
        1 ~ bernoulli(phi); // likelihood
        y[i, t] ~ bernoulli(p); // likelihood
      }
    }
  }
}
