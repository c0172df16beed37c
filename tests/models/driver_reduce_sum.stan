// A likelihood summed over slices that may run in several threads.
functions {
  real partial_sum_lpdf(array[] real slice, int start, int end, real mu) {
    return normal_lupdf(slice | mu, 1);
  }
}
transformed data {
  int N = 40;
  array[N] real y = linspaced_array(N, -1, 3);
}
parameters {
  real mu;
}
model {
  target += reduce_sum(partial_sum_lupdf, y, 10, mu);
}

