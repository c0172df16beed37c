// Loops of every kind, branches, local variables, profiles, messages.
data {
  int<lower=1> N;
  array[N] real y;
  int<lower=0, upper=1> wide;
}
parameters {
  array[N] real theta;
  real mu;
}
model {
  int n = 1;
  if (wide) {
    mu ~ normal(0, 10); // prior
  } else 
    mu ~ normal(0, 1); // prior
  profile("latent") {
    for (one in theta) {
      one ~ normal(mu, 1); // latent
    }
  }
  while (n <= N) {
    real centre = theta[n];
    if (n > 1000) {
      print("far: ", n);
      break;
    }
    y[n] ~ normal(centre, 1); // likelihood
    n += 1;
  }
}
