"""The whole of `run.json`, typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from workbench.methods import RESULTS
from workbench.results.json_values import to_typed
from workbench.results.quantities import owner
from workbench.results.view.description import (
    Count,
    DataDescription,
    ModelDescription,
    SavedSettings,
    ToolchainDescription,
    check_numbers,
)
from workbench.results.view.estimates import (
    ABSENT,
    AnyResult,
    AutoStep,
    Continuation,
    DrawsEstimate,
    Estimate,
    ExactResult,
    Gap,
    LaplaceResult,
    MapResult,
    MleResult,
    NutsResult,
    PathfinderResult,
    SamplingAttempt,
    UpdateResult,
)
from workbench.results.view.findings import DiagnosisResult, LooResult, PowerScalingResult, PredictiveResult

SCHEMA = 1
"""The version of `run.json`: raised when a key changes its meaning or goes; additions are free."""

BLOCKS = ("parameters", "transformed parameters", "generated quantities")
"""The blocks of a program that declare quantities."""

_UNITLESS = ("none", "no unit", "dimensionless", "1")
"""What a model's card may say of a quantity without a unit."""


class IntervalSettings(Struct, frozen=True):
    """The probability of every interval of a run."""

    level: Annotated[float, Meta(gt=0, lt=1)] = 0.95


class Results(Struct, frozen=True, kw_only=True, dict=True):
    """What a run found; a part that the record does not have counts as skipped.

    Attributes are named as the keys of `run.json`, which `results/record.py` documents.
    """

    schema: int = SCHEMA
    workbench: str = ""
    created: str = ""
    command: str = ""
    seed: Count | None = None
    platform: str = ""
    model: ModelDescription = ModelDescription()
    data: DataDescription = DataDescription()
    priors: Mapping[str, Any] = field(default_factory=dict)
    prior_origins: Mapping[str, str] = field(default_factory=dict)
    toolchain: ToolchainDescription = ToolchainDescription()
    interval: IntervalSettings = IntervalSettings()
    mle: MleResult = MleResult(status="skipped", reason=ABSENT)
    map: MapResult = MapResult(status="skipped", reason=ABSENT)
    map_unconstrained: MapResult = MapResult(status="skipped", reason=ABSENT)
    laplace: LaplaceResult = LaplaceResult(status="skipped", reason=ABSENT)
    pathfinder: PathfinderResult = PathfinderResult(status="skipped", reason=ABSENT)
    nuts: NutsResult = NutsResult(status="skipped", reason=ABSENT)
    exact: ExactResult = ExactResult(status="skipped", reason=ABSENT)
    gaps: Mapping[str, Gap] = field(default_factory=dict)
    loo: LooResult = LooResult(status="skipped", reason=ABSENT)
    predictive: PredictiveResult = PredictiveResult(status="skipped", reason=ABSENT)
    power_scaling: PowerScalingResult = PowerScalingResult(status="skipped", reason=ABSENT)
    diagnosis: DiagnosisResult | None = None
    ladder: tuple[AutoStep, ...] = ()
    ladder_words: str = ""
    attempts: tuple[SamplingAttempt, ...] = ()
    continued: tuple[Continuation, ...] = ()
    updated: UpdateResult | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    timings: Mapping[str, float | None] = field(default_factory=dict)
    request: SavedSettings | None = None

    def __post_init__(self) -> None:
        """Refuse hyperparameters that are not numbers."""
        check_numbers(self.priors)

    def __repr__(self) -> str:
        """Return what was fitted, never the whole record."""
        return f"<results of {self.model.name} on {self.data.path}>"

    def method(self, key: str) -> AnyResult:
        """Return the result of a method by its key, such as `map_unconstrained`."""
        result: AnyResult = getattr(self, key)
        return result

    def estimates(self, key: str) -> Mapping[str, Estimate]:
        """Return a method's estimates by Stan's name; empty where it has none."""
        result = self.method(key)
        return result.estimates if result.is_ok else {}

    @cached_property
    def quantities(self) -> tuple[str, ...]:
        """Every quantity that some method estimates: by block, and there in the order of the program."""
        keys = ["nuts", *RESULTS]  # NUTS has generated quantities too
        names = dict.fromkeys(name for key in keys for name in self.estimates(key))
        return tuple(sorted(names, key=lambda name: BLOCKS.index(self.find_block(name))))

    @cached_property
    def _blocks(self) -> Mapping[str, str]:
        return {parameter.name: parameter.block for parameter in self.model.parameters}

    def find_block(self, name: str) -> str:
        """Return the block of the program that declares a quantity, one of `BLOCKS`."""
        block = self._blocks.get(owner(name), BLOCKS[-1])
        return block if block in BLOCKS else BLOCKS[0]

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """The names for people of quantities that have one, such as `beta[mom_iq]` for `beta[2]`."""
        return {
            name: estimate.label
            for key in RESULTS
            for name, estimate in self.estimates(key).items()
            if estimate.label
        }

    @cached_property
    def names_by_label(self) -> Mapping[str, str]:
        """The quantities that have a name for people, by it."""
        return {label: name for name, label in self.labels.items()}

    def label(self, name: str) -> str:
        """Return the name for people of a quantity: its own where it has no other."""
        return self.labels.get(name, name)

    def unit(self, name: str) -> str:
        """Return the unit of a quantity as the model's card states it; empty where it has none."""
        unit = self.model.units.get(owner(name), "")
        return "" if unit.lower() in _UNITLESS else unit

    def posterior(self, name: str) -> DrawsEstimate:
        """Return the posterior of a quantity by NUTS; an empty estimate where there is none."""
        return self.nuts.estimates.get(name, DrawsEstimate()) if self.nuts.is_ok else DrawsEstimate()

    def gap(self, name: str) -> Gap:
        """Return the gaps of a quantity; an empty one where none are known."""
        return self.gaps.get(name, Gap())

    @cached_property
    def declared(self) -> tuple[str, ...]:
        """The names of the program's parameters and transformed parameters, in its order."""
        return tuple(parameter.name for parameter in self.model.parameters)

    @property
    def has_failed_checks(self) -> bool:
        """Whether a check said that the draws do not describe the posterior, or there are none."""
        return self.diagnosis is not None and self.diagnosis.verdict == "fail"

    def is_declared(self, name: str) -> bool:
        """Return whether a quantity belongs to a parameter or a transformed parameter."""
        return owner(name) in self.declared

    def declared_first(self, names: Iterable[str]) -> list[str]:
        """Return names with those of parameters before generated quantities, the order kept."""
        return sorted(names, key=lambda name: not self.is_declared(name))


def view(record: Mapping[str, Any]) -> Results:
    """Return the typed content of a record.

    Raises
    ------
    RunIncomplete
        A value is not of the documented type; the message names its place.
    """
    return to_typed(record, Results, "run.json", "fit the program again")
