"""Whether the best of many models may be best by chance.

The best of many models that predict alike has a larger elpd than it deserves. What the largest of so many
normal differences would be is compared with the largest that was found.

Reference
---------
McLatchie and Vehtari (2024), Efficient estimation and correction of selection-induced bias with order
statistics, Statistics and Computing 34, 132, doi:10.1007/s11222-024-10442-4.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from workbench.thresholds import MOST_MODELS_WITHOUT_SELECTION


def may_be_chance(elpd: Sequence[float]) -> bool:
    """Return whether the best of these models may be best by chance; of few models it is never said.

    Parameters
    ----------
    elpd
        The elpd of each model [nats].

    >>> alike = [-500.0 - n for n in range(40)]
    >>> may_be_chance(alike), may_be_chance([*alike, -300.0]), may_be_chance(alike[:11])
    (True, False, False)
    """
    if len(elpd) <= MOST_MODELS_WITHOUT_SELECTION:
        return False
    ordered = np.sort(np.asarray(elpd, dtype=float))[::-1]
    above = ordered - ordered[len(ordered) // 2]  # relative to the model in the middle
    upper = above[above >= np.median(above)]
    spread = float(np.sqrt(np.mean(upper**2)))
    return bool(above.max() <= spread * ndtri(1 - 1 / (2 * (len(elpd) - 1))))
