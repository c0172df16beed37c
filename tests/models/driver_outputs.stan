// Outputs of every shape: tuples, complex numbers, matrices, arrays, integers; and a profiled section.
parameters {
  real x;
  unit_vector[2] direction;
}
model {
  profile("prior") {
    x ~ std_normal();
  }
}
generated quantities {
  complex z = to_complex(x, -x);
  matrix[2, 2] M = [[x, 1], [2, 3]];
  array[2] tuple(real, vector[2]) pairs = {(x, [1, 2]'), (-x, [3, 4]')};
  array[2, 1] int counts = {{1}, {2}};
}

