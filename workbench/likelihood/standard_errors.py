"""Standard errors of an estimate, side by side: inverse Hessian, sandwich, bootstrap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.backends.base import Floats
from workbench.errors import MethodError, RequestError
from workbench.late_imports import LateModule
from workbench.likelihood.bootstrap import Bootstrap
from workbench.likelihood.intervals import Interval
from workbench.likelihood.mode import TITLES, Estimate, Mode
from workbench.likelihood.row_scores import Slopes
from workbench.likelihood.sandwich import Sandwich
from workbench.results import Fit
from workbench.results.quantities import owner
from workbench.thresholds import BOOTSTRAP_RATIO_LIMIT

if TYPE_CHECKING:
    import pandas as pd
    from scipy import stats
else:
    pd, stats = LateModule("pandas"), LateModule("scipy.stats")

_ROUNDING = 1e-9
"""Standard error, relative to the value, up to which a quantity is constant, as in `optimum/mle.py`."""

_MOST_NAMED = 4
"""Parameters that a warning names. Ours."""

HESSIAN = "inverse Hessian of the log density at the estimate, and the delta method"
"""What the first standard errors are."""


@dataclass(frozen=True)
class QuantityErrors:
    """The standard errors of one quantity, on its declared scale.

    Attributes
    ----------
    name, label
        Stan's name, and the name for people.
    estimate
        Its value at the estimate.
    se
        By the inverse Hessian.
    robust
        By the sandwich of rows or clusters; `None` where it was not asked for.
    bootstrap
        The standard deviation of resamples; `None` likewise.
    lower, upper
        Wald's interval: the estimate and a multiple of `robust` where it is there, else of `se`.
    percentile, bca
        Bootstrap intervals.
    is_clustered
        Whether the sandwich is of clusters.
    degrees
        Degrees of freedom of the t distribution of Wald's interval; `None` for the normal.
    """

    name: str
    label: str
    estimate: float
    se: float
    robust: float | None
    bootstrap: float | None
    lower: float
    upper: float
    percentile: Interval | None = None
    bca: Interval | None = None
    is_clustered: bool = False
    degrees: int | None = None


@dataclass(frozen=True)
class StandardErrors:
    """The standard errors of an estimate.

    Attributes
    ----------
    model
        The name of the program.
    method
        Which estimate: `mle` or `map`.
    level
        Probability of the intervals.
    quantities
        Parameters first, then what follows from them.
    ways
        By kind of standard error, how it was computed, in a sentence.
    covariance
        Of the quantities, `(C, C)`: by the sandwich where it is there, else by the inverse Hessian.
    resamples, failed
        Resamples, and how many of them have no maximum; `None` without a bootstrap.
    notes
        What there is to say, in sentences.
    warnings
        Why the numbers may be wrong, in sentences.
    """

    model: str
    method: Estimate
    level: float
    quantities: tuple[QuantityErrors, ...]
    ways: dict[str, str]
    covariance: Floats = field(repr=False)
    resamples: int | None = None
    failed: int | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """A row for each quantity, by its name for people; intervals have a column for each end."""
        rows = [describe_quantity(item) for item in self.quantities]
        frame: pd.DataFrame = pd.DataFrame(rows).set_index("label")
        return frame.dropna(axis=1, how="all")

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values that JSON has."""
        return {
            "model": self.model,
            "method": self.method,
            "level": self.level,
            "ways": self.ways,
            "resamples": self.resamples,
            "failed_resamples": self.failed,
            "quantities": [describe_quantity(item) for item in self.quantities],
            "covariance": self.covariance.tolist(),
            "notes": list(self.notes),
            "warnings": list(self.warnings),
        }


def describe_quantity(item: QuantityErrors) -> dict[str, Any]:
    """Return a quantity with a key for each number."""
    percentile, bca = item.percentile or (None, None), item.bca or (None, None)
    return {
        "label": item.label,
        "parameter": item.name,
        "estimate": item.estimate,
        "se": item.se,
        "robust_se": None if item.is_clustered else item.robust,
        "cluster_se": item.robust if item.is_clustered else None,
        "bootstrap_se": item.bootstrap,
        "df": item.degrees,
        "lower": item.lower,
        "upper": item.upper,
        "percentile_lower": percentile[0],
        "percentile_upper": percentile[1],
        "bca_lower": bca[0],
        "bca_upper": bca[1],
    }


def choose_quantities(fit: Fit, mode: Mode, slopes: Slopes) -> tuple[tuple[str, ...], str]:
    """Return the quantities that have standard errors, and a sentence on those that are left out.

    They are those that the run reports of the estimate and that vary; an array of transformed parameters or
    generated quantities with an element for each row is left out.

    Raises
    ------
    MethodError
        None varies.
    """
    parameters = {item.name for item in mode.context.request.program.parameters}
    known = fit.results.estimates(mode.method)
    errors = np.sqrt((slopes.jacobian**2).sum(axis=1))
    sizes: dict[str, int] = {}
    for name in slopes.names:
        sizes[owner(name)] = sizes.get(owner(name), 0) + 1
    rows = mode.context.request.data.rows or np.inf
    long = {
        name
        for name, size in sizes.items()
        if size >= rows and owner(name).partition(".")[0] not in parameters
    }
    chosen = tuple(
        name
        for name, value, error in zip(slopes.names, slopes.values.tolist(), errors.tolist(), strict=True)
        if name in known and owner(name) not in long and np.isfinite(error) and error > _ROUNDING * abs(value)
    )
    if not chosen:
        raise MethodError("no quantity of the run varies with its parameters.")
    reported = sorted(long & {owner(name) for name in known})
    note = (
        f"{', '.join(f'`{name}`' for name in reported)}, with an element for each row, is left out."
        if reported
        else ""
    )
    return chosen, note


def collect_standard_errors(
    fit: Fit,
    mode: Mode,
    slopes: Slopes,
    level: float,
    sandwich: Sandwich | None = None,
    bootstrap: Bootstrap | None = None,
    notes: Sequence[str] = (),
    cautions: Sequence[str] = (),
) -> StandardErrors:
    """Return the standard errors of all quantities.

    Parameters
    ----------
    fit
        The run.
    mode
        Its estimate.
    slopes
        Derivatives of the quantities that are reported, and scores of rows.
    level
        Probability of the intervals.
    sandwich, bootstrap
        Further standard errors.
    notes
        What else there is to say.
    cautions
        What else may make the numbers wrong.
    """
    jacobian = slopes.jacobian
    hessian = np.sqrt((jacobian**2).sum(axis=1))
    covariance = (
        jacobian @ (np.eye(jacobian.shape[1]) if sandwich is None else sandwich.covariance) @ jacobian.T
    )
    robust = None if sandwich is None else np.sqrt(np.diag(covariance))
    shown = hessian if robust is None else robust
    degrees = None if sandwich is None else sandwich.degrees
    share = 0.5 + level / 2
    width = float(stats.norm.ppf(share) if degrees is None else stats.t.ppf(share, degrees))
    quantities = tuple(
        QuantityErrors(
            name,
            fit.results.label(name),
            float(slopes.values[place]),
            float(hessian[place]),
            None if robust is None else float(robust[place]),
            None if bootstrap is None else float(bootstrap.errors[place]),
            float(slopes.values[place] - width * shown[place]),
            float(slopes.values[place] + width * shown[place]),
            None if bootstrap is None else bootstrap.percentile[place],
            None if bootstrap is None else bootstrap.bca[place],
            degrees is not None,
            degrees,
        )
        for place, name in enumerate(slopes.names)
    )
    ways = {"se": HESSIAN}
    if sandwich is not None:
        ways["robust_se" if degrees is None else "cluster_se"] = sandwich.words
    if bootstrap is not None:
        ways["bootstrap_se"] = bootstrap.words
    warnings = [
        *cautions,
        *_list_warnings(fit, mode, slopes),
        *(() if sandwich is None else sandwich.warnings),
        *(() if bootstrap is None else bootstrap.warnings),
        *(() if bootstrap is None or bootstrap.is_parametric else compare_with_bootstrap(quantities)),
    ]
    return StandardErrors(
        fit.results.model.name,
        mode.method,
        level,
        quantities,
        ways,
        covariance,
        None if bootstrap is None else bootstrap.resamples,
        None if bootstrap is None else bootstrap.failed,
        (*notes, *(() if bootstrap is None else bootstrap.notes)),
        tuple(warnings),
    )


def compare_with_bootstrap(quantities: Sequence[QuantityErrors]) -> Iterator[str]:
    """Yield a caution where the bootstrap is far from the sandwich: both trust rows or clusters alone."""
    ratios = {
        item.label: item.bootstrap / item.robust for item in quantities if item.bootstrap and item.robust
    }
    far = [
        f"`{name}` ({ratio:.2g} times)"
        for name, ratio in ratios.items()
        if max(ratio, 1 / ratio) >= BOOTSTRAP_RATIO_LIMIT
    ]
    if far:
        yield (
            "standard errors of the bootstrap are far from those of scores, which both trust the rows alone: "
            f"{', '.join(far[:_MOST_NAMED])}. There are few rows or clusters, the estimate is far from "
            "normal, or the program computes something from all rows, which the bootstrap alone counts: look "
            "at the percentile interval."
        )


def _list_warnings(fit: Fit, mode: Mode, slopes: Slopes) -> Iterator[str]:
    """Yield why standard errors at the estimate may be wrong, however they are computed."""
    result = fit.results.method(mode.method)
    far = mode.find_far_parameters()
    if far:
        names = ", ".join(f"`{name}`" for name in far[:_MOST_NAMED])
        yield (
            f"the data hardly limit {names}: the likelihood is far from normal there, and neither "
            "standard error nor "
            "Wald interval describes it. Use a profile interval (`workbench fit --profile`) or the posterior."
        )
    if len(getattr(result, "equal_maxima", ())) > 1:
        yield (
            "several maxima are equally high: standard errors describe the spread around one "
            f"{TITLES[mode.method]}."
        )
    if not slopes.is_smooth and len(slopes.scores):
        yield (
            "the log likelihood of single rows is not smooth at the estimate: scores, and what is made "
            "of them, are rough."
        )


def check_level(level: float) -> None:
    """Refuse a level that is no probability between 0 and 1.

    Raises
    ------
    RequestError
        The message shows it.
    """
    if not 0 < level < 1:
        raise RequestError(f"the level was expected to be between 0 and 1, found {level:g}.")
