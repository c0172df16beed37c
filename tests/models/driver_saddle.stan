// The density is flat along y: no normal approximation exists at any point.
parameters {
  real x;
  real y;
}
model {
  x ~ std_normal();
  target += 0 * y;
}

