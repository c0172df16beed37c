"""Conjugate families: the posterior, its mode, marginals, evidence and predictions in closed form.

One file for each bundled model of the family `conjugate`, under the same name. Each has:

- a frozen dataclass of hyperparameters, which describes both prior and posterior;
- `parse_prior`, which takes it from the variables of the Stan program;
- `update`, which turns a prior and a batch of data into a posterior. That is the prior of the next batch; the
  order and size of the batches do not matter;
- `compute_log_evidence`: the log marginal likelihood of a batch, all constants included;
- `derive_marginals` and `find_mode` of the parameters, and `predict` for one future observation.
"""

from workbench.library.conjugate.family import Family, Values
from workbench.library.conjugate.marginal import Marginal, to_scipy
from workbench.library.conjugate.posterior import FAMILIES, describe_posterior

__all__ = ["FAMILIES", "Family", "Marginal", "Values", "describe_posterior", "to_scipy"]
