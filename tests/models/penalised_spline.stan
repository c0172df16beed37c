// A spline whose differences are penalised by hand, the normalising part in a statement of its own.
data {
  int N;
  int D;
  matrix[N, D] B;
  vector[N] y;
  real<lower=0> smooth;
}
parameters {
  vector[D] w;
  real<lower=0> s;
  real<lower=0> lam;
}
model {
  y ~ normal(B * w, s); // likelihood
  target += -lam * dot_self(w[3 : D] - 2 * w[2 : (D - 1)] + w[1 : (D - 2)]); // latent
  target += 0.5 * (D - 2) * log(lam); // unplaced
  lam ~ gamma(1, 0.01); // prior
  s ~ student_t(3, 0, 1); // prior
  w[1 : 2] ~ normal(0, 10); // prior
}
