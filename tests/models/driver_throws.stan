// Rejects in the block that `where` names: 1 transformed data, 2 transformed parameters, 3 model,
// 4 generated quantities; 5 rejects now and then, 0 never.
data {
  int<lower=0, upper=5> where;
}
transformed data {
  if (where == 1) {
    reject("thrown in transformed data");
  }
}
parameters {
  real x;
}
transformed parameters {
  real y = 2 * x;
  if (where == 2) {
    reject("thrown in transformed parameters");
  }
}
model {
  if (where == 3 || (where == 5 && x > 1)) {
    reject("thrown in the model with x = ", x);
  }
  x ~ std_normal();
}
generated quantities {
  real z = y;
  if (where == 4) {
    reject("thrown in generated quantities");
  }
}

