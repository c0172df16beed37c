// Answers of people to questions: two-parameter item response (2PL).
//
// Story: each of J people answers I questions, right or wrong. The log odds of
// a right answer are discrimination[i] * (ability[j] - difficulty[i]): hard
// questions need able people, and discriminating ones tell them apart.
// Abilities are standard normal, which fixes the scale.
//
// Units: ability and difficulty are in standard deviations of the abilities;
// discrimination is in log odds per such standard deviation.
//
// Reference: Birnbaum (1968), Some latent trait models and their use in
// inferring an examinee's ability, in Lord and Novick, Statistical Theories
// of Mental Test Scores, chapters 17 to 20.
data {
  int<lower=1> J; // number of people
  int<lower=1> I; // number of questions
  array[J, I] int<lower=0, upper=1> y; // answers (1 right, 0 wrong)
  real<lower=0> difficulty_prior_sd; // of the difficulties (sd of ability)
  real<lower=0> discrimination_prior_sdlog; // of its logarithm, around 1 (none)
}
parameters {
  vector[J] ability; // of each person
  vector[I] difficulty; // of each question
  vector<lower=0>[I] discrimination; // of each question
}
model {
  ability ~ std_normal();
  difficulty ~ normal(0, difficulty_prior_sd);
  discrimination ~ lognormal(0, discrimination_prior_sdlog);
  for (i in 1 : I) {
    y[ : , i] ~ bernoulli_logit(
                                discrimination[i] * (ability - difficulty[i]));
  }
}
generated quantities {
  array[J, I] int<lower=0, upper=1> y_rep;
  for (i in 1 : I) {
    y_rep[ : , i] = bernoulli_logit_rng(
                      discrimination[i] * (ability - difficulty[i]));
  }
}
