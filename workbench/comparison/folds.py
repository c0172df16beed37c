"""How rows are divided into those that a fit sees and those that are left out.

References
----------
Vehtari and Lampinen (2002), Bayesian model assessment and comparison using cross-validation predictive
densities, Neural Computation 14, doi:10.1162/08997660260293292 (K-fold). Roberts et al. (2017),
Cross-validation strategies for data with temporal, spatial, hierarchical, or phylogenetic structure,
Ecography 40, doi:10.1111/ecog.02881 (groups). Bürkner, Gabry and Vehtari (2020), Approximate
leave-future-out cross-validation for Bayesian time series models, doi:10.1080/00949655.2020.1783262.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RequestError
from workbench.provenance import hash_texts
from workbench.thresholds import FEWEST_FOLDS

Integers = NDArray[np.int64]

Scoring: TypeAlias = Literal["rows", "groups", "future"]
"""What is scored: each row by itself, the rows of each group together, or each block of rows given those
before it."""


@dataclass(frozen=True)
class Folds:
    """A scheme of cross-validation. One of `kfold`, `groups` and `first` is given.

    Attributes
    ----------
    kfold
        The number of folds.
    by
        With `kfold`: the column whose groups are not divided; empty for rows at random.
    groups
        The column each of whose groups is left out in turn.
    first
        Rows that are known at the start: those after them are left out, in the order of the table.
    step
        With `first`: how many rows are predicted at a time, given all rows before them.
    seed
        The seed by which rows or groups come into folds.
    """

    kfold: int = 0
    by: str = ""
    groups: str = ""
    first: int = 0
    step: int = 1
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse a scheme that is none, or several.

        Raises
        ------
        RequestError
            The message names the option.
        """
        if self.by and not self.kfold:
            message = "--by says which rows stay together in folds, and there is no --kfold."
            raise RequestError(message, hint=f"--kfold 10 --by {self.by}")
        if self.step != 1 and not self.first:
            message = (
                "--ahead says how many rows are predicted at a time, and there is no --leave-future-out."
            )
            raise RequestError(message, hint=f"--leave-future-out FIRST --ahead {self.step}")
        chosen = [self.kfold != 0, bool(self.groups), self.first != 0]
        if sum(chosen) != 1:
            message = f"one way to leave rows out was expected, found {sum(chosen) or 'none'}."
            hint = "give --kfold K, --leave-out-groups COLUMN or --leave-future-out FIRST"
            raise RequestError(message, hint=hint)
        if self.kfold and self.kfold < FEWEST_FOLDS:
            raise RequestError(f"--kfold was expected to be at least {FEWEST_FOLDS}, found {self.kfold}.")
        if self.first < 0:
            raise RequestError(f"--leave-future-out was expected to be at least 1, found {self.first}.")
        if self.step < 1:
            raise RequestError(f"--ahead was expected to be at least 1, found {self.step}.")

    @property
    def scoring(self) -> Scoring:
        """What is scored."""
        return "rows" if self.kfold else "groups" if self.groups else "future"

    @property
    def column(self) -> str:
        """The column of groups; empty where there is none."""
        return self.by or self.groups

    @property
    def name(self) -> str:
        """The scheme as it is said.

        >>> Folds(kfold=10, by="county").name
        '10-fold by `county`'
        >>> Folds(first=20, step=4).name
        'leave-future-out from row 21, 4 rows ahead'
        """
        if self.kfold:
            return f"{self.kfold}-fold" + (f" by `{self.by}`" if self.by else "")
        if self.groups:
            return f"leave-one-group-out by `{self.groups}`"
        ahead = f"{self.step} row{'s' if self.step > 1 else ''} ahead"
        return f"leave-future-out from row {self.first + 1}, {ahead}"


@dataclass(frozen=True)
class Grouping:
    """The group of each row.

    Attributes
    ----------
    codes
        Its place among the labels, `(row,)`.
    labels
        The groups.
    """

    codes: Integers
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Division:
    """Rows divided into folds.

    Attributes
    ----------
    fold
        The fold of each row, counted from 0, `(row,)`; -1 for a row that is never left out.
    unit
        The unit of each row: itself, its group or its block; -1 for a row that is never left out, `(row,)`.
    labels
        The names of the units; empty where these are the rows.
    is_stratified
        Whether folds have the same share of each value of the outcome, as far as that is possible.
    """

    fold: Integers = field(repr=False)
    unit: Integers = field(repr=False)
    labels: tuple[str, ...] = field(default=(), repr=False)
    is_stratified: bool = False

    @property
    def count(self) -> int:
        """The number of folds."""
        return int(self.fold.max()) + 1

    @property
    def units(self) -> int:
        """The number of units."""
        return int(self.unit.max()) + 1

    @property
    def unit_rows(self) -> Integers:
        """Rows of each unit, `(unit,)`."""
        return np.bincount(self.unit[self.unit >= 0], minlength=self.units).astype(np.int64)

    def left_out(self, fold: int) -> Integers:
        """Return the rows that a fold leaves out, in the order of the table."""
        return np.flatnonzero(self.fold == fold).astype(np.int64)

    def kept(self, fold: int) -> Integers:
        """Return the rows that are fitted where a fold is left out, in the order of the table."""
        return np.flatnonzero(self.fold != fold).astype(np.int64)


def divide(
    scheme: Folds, rows: int, *, groups: Grouping | None = None, strata: Integers | None = None
) -> Division:
    """Return rows divided as a scheme says.

    Parameters
    ----------
    scheme
        The scheme.
    rows
        How many rows there are.
    groups
        The group of each row, where the scheme names a column.
    strata
        A code for each row, `(row,)`: folds get the same share of each code. `None` for none.

    Raises
    ------
    RequestError
        There are fewer rows or groups than folds, or no rows after the first.
    """
    if scheme.first:
        return _divide_in_time(scheme, rows)
    if scheme.groups:
        assert groups is not None  # noqa: S101 - the scheme names a column
        _refuse_few(len(groups.labels), FEWEST_FOLDS, f"groups in `{scheme.groups}`")
        return Division(groups.codes, groups.codes, groups.labels)
    own = np.arange(rows, dtype=np.int64)
    if groups is not None:
        _refuse_few(len(groups.labels), scheme.kfold, f"groups in `{scheme.by}`")
        return Division(divide_groups(groups.codes, scheme.kfold, scheme.seed), own)
    _refuse_few(rows, scheme.kfold, "rows")
    fold = divide_rows(rows, scheme.kfold, scheme.seed, strata)
    return Division(fold, own, is_stratified=strata is not None)


def divide_alone(rows: int, alone: Integers) -> Division:
    """Return rows of which some are left out, each alone; the others never are.

    >>> divide_alone(4, np.array([2, 0])).fold.tolist()
    [1, -1, 0, -1]
    """
    fold = np.full(rows, -1, dtype=np.int64)
    fold[alone] = np.arange(len(alone))
    return Division(fold, fold)


def _refuse_few(found: int, wanted: int, what: str) -> None:
    if found < wanted:
        message = f"at least {wanted} {what} were expected, found {found}."
        raise RequestError(message, hint="ask for fewer folds" if wanted > FEWEST_FOLDS else None)


def divide_rows(rows: int, folds: int, seed: int, strata: Integers | None = None) -> Integers:
    """Return a fold for each row, at random: sizes differ by one row at most, in every stratum too.

    Parameters
    ----------
    rows, folds
        How many there are.
    seed
        The seed.
    strata
        A code for each row, `(row,)`.

    >>> divide_rows(6, 3, seed=1).tolist()
    [1, 1, 2, 0, 2, 0]
    """
    random = np.random.default_rng((seed, rows, folds))
    order = random.permutation(rows)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    found = np.empty(rows, dtype=np.int64)
    found[order] = random.permutation(folds)[np.arange(rows) % folds]
    return found


def divide_groups(codes: Integers, folds: int, seed: int) -> Integers:
    """Return a fold for each row so that no group is divided: each group joins the fold with fewest rows.

    The largest groups come first, equally large ones in random order; so do equally small folds.

    Parameters
    ----------
    codes
        The group of each row, `(row,)`.
    folds, seed
        The number of folds, and the seed.

    >>> divide_groups(np.array([0, 0, 0, 1, 2, 1]), 2, seed=1).tolist()
    [1, 1, 1, 0, 0, 0]
    """
    counts = np.bincount(codes)
    random = np.random.default_rng((seed, len(counts), folds))
    order = random.permutation(len(counts))
    order = order[np.argsort(-counts[order], kind="stable")]
    sizes, ranks = np.zeros(folds, dtype=np.int64), random.permutation(folds)
    found = np.empty(len(counts), dtype=np.int64)
    for group in order:
        smallest = np.lexsort((ranks, sizes))[0]
        found[group] = smallest
        sizes[smallest] += counts[group]
    return found[codes]


def _divide_in_time(scheme: Folds, rows: int) -> Division:
    """Return blocks of rows that follow the first; the last may be shorter."""
    if scheme.first >= rows:
        message = f"--leave-future-out was expected to be below the number of rows, found {scheme.first}"
        raise RequestError(f"{message} of {rows}.", hint="start from fewer rows")
    after = np.arange(rows - scheme.first, dtype=np.int64) // scheme.step
    block = np.concatenate([np.full(scheme.first, -1, dtype=np.int64), after])
    starts = range(scheme.first, rows, scheme.step)
    ends = [min(rows, start + scheme.step) for start in starts]
    labels = tuple(
        f"{start + 1}" if end == start + 1 else f"{start + 1} to {end}"
        for start, end in zip(starts, ends, strict=True)
    )
    return Division(block, block, labels)


def find_strata(outcome: NDArray[np.float64], most: int) -> Integers | None:
    """Return a code for each value of an outcome of few values, `(row,)`; `None` where it has more.

    Parameters
    ----------
    outcome
        A yes/no outcome or a category, `(row,)`.
    most
        How many values it may have.

    >>> find_strata(np.array([1.0, 0.0, 1.0]), 20).tolist()
    [1, 0, 1]
    """
    values, codes = np.unique(outcome, return_inverse=True)
    is_usable = 1 < len(values) <= most and np.isfinite(values).all()
    return codes.reshape(-1).astype(np.int64) if is_usable else None


def hash_folds(scheme: Folds, division: Division, outcomes: Sequence[NDArray[np.float64]]) -> str:
    """Return a hash of which rows are left out together, and of their outcomes.

    Runs with equal ones were asked to predict the same values from the same others. The names of variables
    and the order of the outcomes do not matter, nor do predictors.

    Parameters
    ----------
    scheme, division
        The scheme, and the rows divided by it.
    outcomes
        The observed values of each outcome, as they are in the table.
    """
    # -0.0 and 0.0 are the same value
    values = sorted((np.asarray(each, dtype=np.float64) + 0.0).tobytes().hex() for each in outcomes)
    shown = [division.fold.astype("<i8").tobytes().hex(), division.unit.astype("<i8").tobytes().hex()]
    return hash_texts("folds", scheme.scoring, *shown, *values)
