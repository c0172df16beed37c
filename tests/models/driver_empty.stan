// No parameters: only generated quantities vary.
generated quantities {
  real y = normal_rng(3, 1);
}

