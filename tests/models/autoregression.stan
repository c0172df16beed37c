// A first-order autoregression and a random walk.
data {
  int<lower=3> T;
  vector[T] y;
  vector[T] z;
}
parameters {
  real alpha;
  real<lower=-1, upper=1> beta;
  real<lower=0> sigma;
  vector[T] level;
}
model {
  alpha ~ normal(0, 1); // prior
  sigma ~ exponential(2); // prior
  y[2 : T] ~ normal(alpha + beta * y[1 : (T - 1)], sigma); // likelihood
  level[1] ~ normal(0, 10); // prior
  for (t in 2 : T) 
    level[t] ~ normal(level[t - 1], sigma); // latent
  z ~ normal(level, 0.5); // likelihood
}
