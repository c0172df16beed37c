// Arrays of tuples as data and as parameters, and complex numbers: each must come to its place, and stay there.
data {
  array[2, 3] tuple(real, int<lower=0>) d;
}
parameters {
  array[2, 3] tuple(real, array[2] real) p;
  complex_vector[2] z;
}
model {
  for (i in 1 : 2) {
    get_real(z[i]) ~ normal(i, 0.01); // prior
    get_imag(z[i]) ~ normal(-i, 0.01); // prior
    for (j in 1 : 3) {
      p[i, j].2 ~ normal(100 * i + j, 0.01); // prior
      d[i, j].1 ~ normal(p[i, j].1, 0.01); // likelihood
    }
  }
}
