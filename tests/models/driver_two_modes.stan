// Two modes of equal height, near -3 and 3: the initial value decides which is found.
parameters {
  real x;
}
model {
  target += log_mix(0.5, normal_lpdf(x | -3, 1), normal_lpdf(x | 3, 1));
}

