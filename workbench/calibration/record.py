"""What `calibration.json` holds, checked when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

Judgement = Literal["calibrated", "not calibrated", "undecided", "no result"]
"""What is said of a method: undecided with too few fits, or where many failed."""

SCHEMA = 1
"""The version of `calibration.json`: raised when a key changes its meaning or goes; additions are free."""


class IntervalShare(Struct, frozen=True):
    """How many simulations' truths central intervals hold.

    Attributes
    ----------
    level
        The probability of the intervals.
    share, se
        The share of truths in them, and its binomial standard error.
    """

    level: float
    share: float
    se: float


class QuantityCalibration(Struct, frozen=True, kw_only=True):
    """How well the fits of one method know one quantity.

    Attributes
    ----------
    quantity, label
        Stan's name or an expression, and its name for people.
    fits
        How many fits have it.
    p_value, adjusted
        Probability that a right method departs as far: of this quantity alone, and among all of the method.
    is_off
        Whether that is too improbable.
    coverage
        Of central intervals.
    below, above
        Share of truths below and above the interval of the stated level.
    bias, bias_se
        How far truths lie above the centre of the fits [their standard deviations], on average.
    spread, spread_se
        By which factor the intervals are too narrow; below 1 they are too wide.
    contraction
        How much smaller the median posterior variance is than that of the truths, as a share: 0 where the
        data say nothing; `None` where the truths have no variance, or too few show it.
    z_mean, z_sd
        Mean and standard deviation of (mean - truth) / sd over the fits.
    error, error_se
        Mean of estimate minus truth, and its standard error [unit of the quantity].
    sentence
        What is wrong, in words; empty if nothing is.
    """

    quantity: str
    label: str
    fits: int
    p_value: float | None = None
    adjusted: float | None = None
    is_off: bool = False
    coverage: tuple[IntervalShare, ...] = ()
    below: float | None = None
    above: float | None = None
    bias: float | None = None
    bias_se: float | None = None
    spread: float | None = None
    spread_se: float | None = None
    contraction: float | None = None
    z_mean: float | None = None
    z_sd: float | None = None
    error: float | None = None
    error_se: float | None = None
    sentence: str = ""


class CheckRate(Struct, frozen=True):
    """How often a check of the workbench fired.

    Attributes
    ----------
    code, title
        The check.
    fired, fits
        In how many fits it fired, of those that it applied to.
    """

    code: str
    title: str
    fired: int
    fits: int


class FailureCount(Struct, frozen=True):
    """Why fits have no result: the words, how many fits, and one of their simulations."""

    words: str
    fits: int
    simulation: int


class MethodCalibration(Struct, frozen=True, kw_only=True):
    """Whether the fits of one method are calibrated.

    Attributes
    ----------
    method, label
        Its key, and its name for people.
    judgement
        What is said of it.
    sentence
        The same as a sentence.
    advice
        What to do, in sentences.
    fits, failed
        How many simulations have a fit, and how many have none.
    seconds
        Time of the median fit [s].
    checks
        How often checks of the workbench fired.
    failures
        Why fits failed, the most frequent first.
    quantities
        Every quantity.
    """

    method: str
    label: str
    judgement: Judgement
    sentence: str
    advice: tuple[str, ...] = ()
    fits: int = 0
    failed: int = 0
    seconds: float | None = None
    checks: tuple[CheckRate, ...] = ()
    failures: tuple[FailureCount, ...] = ()
    quantities: tuple[QuantityCalibration, ...] = ()


class MethodDistance(Struct, frozen=True):
    """How far two methods' estimates lie apart, where both have one.

    Attributes
    ----------
    method
        The key of the other method.
    fits
        How many data sets both have fitted.
    distance, se
        Mean of the absolute difference, and its standard error [posterior SDs].
    """

    method: str
    fits: int
    distance: float
    se: float


class RowsCalibration(Struct, frozen=True, kw_only=True):
    """One quantity by one method at one number of rows.

    Attributes
    ----------
    rows, method, quantity, label
        What is described.
    fits
        How many fits.
    rmse, rmse_se
        Root mean square of estimate minus truth, and its standard error [unit of the quantity].
    bias, bias_se
        Mean of estimate minus truth, and its standard error [unit of the quantity].
    width, width_se
        Median width of the intervals of the stated level, and its standard error [unit of the quantity].
    coverage
        How many truths that interval holds.
    is_off
        Whether its coverage is too improbable for a right method, among all of the method here.
    contraction
        1 minus the median variance, relative to that of the truths; `None` where that is not known.
    distances
        To the estimates of other methods.
    largest_share
        Share of the sum of squared errors that one data set alone makes.
    """

    rows: int
    method: str
    quantity: str
    label: str
    fits: int
    rmse: float | None = None
    rmse_se: float | None = None
    bias: float | None = None
    bias_se: float | None = None
    width: float | None = None
    width_se: float | None = None
    coverage: IntervalShare | None = None
    is_off: bool = False
    contraction: float | None = None
    distances: tuple[MethodDistance, ...] = ()
    largest_share: float | None = None


class RowsProbability(Struct, frozen=True, kw_only=True):
    """How far probabilities of a yes are from those that outcomes were drawn with, at one number of rows.

    Attributes
    ----------
    rows, method, fits
        What is described, and how many fits.
    error, error_se
        Mean expected calibration error against the true probabilities, and its standard error.
    """

    rows: int
    method: str
    fits: int
    error: float
    error_se: float


class RowsNeeded(Struct, frozen=True, kw_only=True):
    """How many rows a quantity takes.

    Attributes
    ----------
    quantity, label, method
        What is described, and whose intervals are meant.
    rows, width
        The largest number of rows, and the width of the interval there.
    slope
        Change of log width with log rows, over all numbers: -0.5 where it shrinks as 1 / sqrt(rows).
    fits_from
        The number of rows from which the width shrinks as 1 / sqrt(rows); `None` where it does not.
    half_rows
        The number of rows that half of the width takes; `None` where it is not known.
    sentence
        The same in words.
    """

    quantity: str
    label: str
    method: str
    rows: int
    width: float
    slope: float
    fits_from: int | None = None
    half_rows: int | None = None
    sentence: str = ""


class CalibrationRecord(Struct, frozen=True, kw_only=True):
    """What `calibration.json` holds.

    Attributes
    ----------
    is_finished
        Whether every simulation was fitted.
    kind
        Whether truths are drawn from the prior, or from the posterior of the data.
    way
        How truths and data sets were drawn.
    model, model_path, model_sha256, data, data_path, data_sha256, rows
        The program, the table and its rows.
    simulator, simulator_path
        The program that simulated, where it is another one.
    simulations
        How many data sets there are.
    left_out
        How many more were simulated, but hold numbers that no fit takes.
    seed, level
        The seed, and the probability of the intervals of which shares below and above are given.
    settings
        What was asked, by option.
    sentence
        The answer.
    notes
        What must be known about it.
    methods
        Each method; where `--rows` asked for several numbers of rows, with the most rows.
    by_rows, probabilities
        By number of rows, where `--rows` asked for that: each quantity by each method, and probabilities of a
        yes by each method.
    needed
        How many rows each quantity takes.
    table_sha256
        The hash of `simulations.parquet`.
    seconds
        How long it took since it was last started [s].
    """

    schema: int
    workbench: str
    created: str
    is_finished: bool
    command: str = ""
    kind: Literal["prior", "posterior"] = "prior"
    way: str = ""
    model: str = ""
    model_path: str = ""
    model_sha256: str = ""
    data: str = ""
    data_path: str = ""
    data_sha256: str = ""
    rows: int | None = None
    simulator: str = ""
    simulator_path: str = ""
    simulations: int = 0
    left_out: int = 0
    seed: int = 1
    level: float = 0.95
    settings: Mapping[str, Any] = field(default_factory=dict)
    sentence: str = ""
    notes: tuple[str, ...] = ()
    methods: tuple[MethodCalibration, ...] = ()
    by_rows: tuple[RowsCalibration, ...] = ()
    probabilities: tuple[RowsProbability, ...] = ()
    needed: tuple[RowsNeeded, ...] = ()
    table_sha256: str = ""
    seconds: float | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
