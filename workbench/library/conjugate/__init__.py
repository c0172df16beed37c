"""Conjugate families: the posterior, its mode, marginals, evidence and predictions in closed form.

One file for each bundled model of the family `conjugate`, of the same name. In every one:

- a frozen dataclass of hyperparameters, which describes prior and posterior alike;
- `prior` reads it from the variables of the Stan program;
- `update` turns a prior and a batch of data into a posterior, which is the prior of the next batch: the order
  and size of the batches do not matter;
- `log_evidence` is the log marginal likelihood of a batch, all constants included;
- `marginals` and `mode` describe the parameters; `predictive` describes one observation yet to come.
"""

from workbench.library.conjugate.exact import FAMILIES, describe_posterior
from workbench.library.conjugate.family import Family, Values
from workbench.library.conjugate.marginal import Marginal, to_scipy

__all__ = ["FAMILIES", "Family", "Marginal", "Values", "describe_posterior", "to_scipy"]
