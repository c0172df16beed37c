"""The options of a fit besides its program and its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from workbench.errors import MethodError
from workbench.methods import DEFAULT_METHODS, Method
from workbench.priors import CarriedPosterior
from workbench.toolchain import ToolchainSettings


@dataclass(frozen=True)
class FitOptions:
    """Everything about a fit but its program and its data.

    Attributes
    ----------
    columns, given, priors
        By Stan variable: the columns it takes, and a value of its own; by hyperparameter: its value, or one
        for each element.
    prior_forms
        By parameter: a whole prior instead of the program's own, such as `student_t(3, 0, 1)`, or `flat`.
    carried
        A normal on the unconstrained scale in place of all priors.
    reference, missing, standardize
        As in `binding.BindingOptions`.
    roles
        Roles of terms, by their number or line.
    scaled
        The roles that count as prior where priors are switched off.
    methods, seed, level, jobs, threads, timeout
        As in `FitRequest`.
    keep, pointwise_draws
        As in `Storage`.
    inits
        Values of parameters at which chains start where the sampler's `init` is `given`, and where these
        values came from, in words.
    output
        The run directory; `None` for `reports/<model>-<data>-<hash>`.
    is_kept
        Whether a run directory is written at all.
    has_report
        Whether a run directory has a report.
    figures
        A folder for the report's figures as files; `None` for no files.
    toolchain
        Which Stan and compiler to use.
    is_optimised
        Whether loops are vectorised in the program that is run, where that is possible.
    command
        The command line to note in the record.
    """

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    priors: Mapping[str, float | Sequence[float]] = field(default_factory=dict)
    prior_forms: Mapping[str, str] = field(default_factory=dict)
    carried: CarriedPosterior | None = None
    reference: Mapping[str, str] = field(default_factory=dict)
    missing: Literal["refuse", "drop"] = "refuse"
    standardize: bool = False
    roles: Mapping[str, str] = field(default_factory=dict)
    scaled: tuple[str, ...] = ("prior",)
    methods: tuple[Method, ...] = DEFAULT_METHODS
    seed: int = 1
    level: float = 0.95
    jobs: int = 1
    threads: int = 1
    timeout: float | None = None
    keep: tuple[str, ...] | None = None
    pointwise_draws: int | None = None
    inits: tuple[Mapping[str, Any], str] | None = None
    output: Path | None = None
    is_kept: bool = True
    has_report: bool = True
    figures: Path | None = None
    toolchain: ToolchainSettings = field(default_factory=ToolchainSettings)
    is_optimised: bool = True
    command: str = ""

    def __post_init__(self) -> None:
        """Refuse settings that no fit can have.

        Raises
        ------
        MethodError
            The message names the setting, what was expected, and what was found.
        """
        _require(self.missing in ("refuse", "drop"), "missing", "refuse or drop", self.missing)
        _require(
            _is_count(self.seed, least=0) and self.seed <= LARGEST_SEED,
            "seed",
            f"a whole number from 0 to {LARGEST_SEED}",
            self.seed,
        )
        _require(0 < self.level < 1, "level", "between 0 and 1", self.level)
        _require(_is_count(self.jobs), "jobs", "a whole number from 1", self.jobs)
        _require(_is_count(self.threads), "threads", "a whole number from 1", self.threads)
        _require(
            self.pointwise_draws is None or _is_count(self.pointwise_draws, least=0),
            "pointwise_draws",
            "a whole number from 0",
            self.pointwise_draws,
        )
        _require(
            self.timeout is None or 0 < self.timeout <= LONGEST_TIMEOUT,
            "timeout",
            f"a positive number of seconds, at most {LONGEST_TIMEOUT:g} (30 years)",
            self.timeout,
        )


LARGEST_SEED = 2**63 - 1
"""The largest seed: what every reader of JSON can hold."""

LONGEST_TIMEOUT = 1e9
"""The longest time limit [s]: systems cannot wait for much longer."""


def _is_count(value: object, least: int = 1) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST_SEED


def _require(is_met: bool, name: str, expected: str, found: object) -> None:
    if not is_met:
        raise MethodError(f"`{name}` was expected to be {expected}, found `{found}`.")
