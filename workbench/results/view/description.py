"""Program, data and settings of a run, as `run.json` holds them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

Count = Annotated[int, Meta(ge=0, le=2**53)]
"""A number of things: it stays exact as a floating-point number."""


class DeclaredParameter(Struct, frozen=True):
    """A parameter or transformed parameter as declared, with the block of the program that declares it."""

    name: str
    type: str = ""
    line: int | None = None
    block: str = "parameters"


NO_LIKELIHOOD = "The program has no likelihood: its posterior is the prior."
"""What is said of a program without a likelihood, where others have a sensitivity to the prior."""


class DensityTerm(Struct, frozen=True):
    """A statement that adds to the log density, with its role and why it has that role."""

    statement: str = ""
    line: int | None = None
    role: str = ""
    confidence: str = ""
    reason: str = ""
    parameters: tuple[str, ...] = ()


class Limit(Struct, frozen=True):
    """A feature that a program cannot have, and why."""

    feature: str = ""
    message: str = ""
    line: int | None = None


class EquivalenceResult(Struct, frozen=True):
    """Whether the instrumented program equals the original, and the largest relative differences."""

    status: str = "not available"
    reason: str = ""
    points: int | None = None
    density: float | None = None
    gradient: float | None = None


class OutcomeDescription(Struct, frozen=True, kw_only=True):
    """An outcome: its declaration, its replicate, and the rows of the log likelihood that belong to it.

    `too_costly` says that it could have been replicated, but was not, for the number of values.
    `density_of` is what the likelihood is a density of where that is made from the data, such as
    `log(weight)`, and `variable` the variable that holds it where that is not `name`; `columns` are the data
    variables to whose scale it can be returned. `plain` says that the log likelihood is a density of the
    variable as it is.
    """

    name: str
    replicate: str = ""
    source: str = ""
    reason: str = ""
    too_costly: bool = False
    type: str = ""
    integer: bool = False
    lower: float | None = None
    upper: float | None = None
    distributions: tuple[str, ...] = ()
    conditional: bool = False
    first_row: int | None = None
    row_step: int | None = None
    variable: str = ""
    density_of: str = ""
    columns: tuple[str, ...] = ()
    plain: bool = True


class StatedPrior(Struct, frozen=True):
    """What a program says about a parameter before the data; `kind` is stated, latent, flat, uniform ...

    Where only some elements have a prior, `flat_elements` names the others: `b[2]`, `b[4:9]`.
    """

    name: str
    kind: str = ""
    prior: str = ""
    support: str = ""
    flat_elements: tuple[str, ...] = ()

    @property
    def flat_names(self) -> tuple[str, ...]:
        """The parameter itself or its elements, as far as they are flat on an unbounded range."""
        return (self.name,) if self.kind == "flat" else self.flat_elements


class ReplacedPriorDescription(Struct, frozen=True):
    """A prior that is not that of the file: the statement in force, the author's, and the option for it."""

    parameter: str
    statement: str = ""
    original: str = ""
    line: int | None = None
    option: str = "--prior-form"


class UndeclaredRangeDescription(Struct, frozen=True):
    """A parameter that an argument of a density restricts, but not its declaration.

    `argument` is the name of the argument, such as `sigma`; `missing` is what to declare: ``<lower=0>``.
    """

    parameter: str
    declaration: str = ""
    argument: str = ""
    statement: str = ""
    line: int | None = None
    missing: str = ""


class FlatDirection(Struct, frozen=True):
    """A direction in which the posterior is constant without end: elements of parameters, and their weights.

    `determined` is what the data determine in spite of it, such as ``a + b``, where that has a short name;
    `words` is what changes nothing. Weights are on the logarithm of parameters with one bound.
    """

    names: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    determined: str = ""
    words: str = ""


class ModelDescription(Struct, frozen=True, kw_only=True):
    """The program, and how it was taken apart."""

    name: str = ""
    path: str = ""
    sha256: str = ""
    source: str = ""
    instrumented: bool = True
    obstacles: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    parameters: tuple[DeclaredParameter, ...] = ()
    terms: tuple[DensityTerm, ...] = ()
    proof: EquivalenceResult = EquivalenceResult()
    outcomes: tuple[OutcomeDescription, ...] = ()
    parameter_priors: tuple[StatedPrior, ...] | None = None
    flat_directions: tuple[FlatDirection, ...] | None = None
    undeclared_ranges: tuple[UndeclaredRangeDescription, ...] = ()
    replaced_priors: tuple[ReplacedPriorDescription, ...] = ()
    title: str = ""
    story: str = ""
    units: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_no_likelihood(self) -> bool:
        """Whether every term is a prior or of latent variables: then the posterior is the prior."""
        roles = {"unplaced" if term.confidence == "ask" else term.role for term in self.terms}
        return bool(roles) and roles <= {"prior", "latent"}


class BoundVariableDescription(Struct, frozen=True, rename={"origin": "from"}):
    """A variable of the data block: its type, size, and where its value is from."""

    name: str
    type: str = ""
    size: str = ""
    origin: str = ""
    first: str = ""
    remark: str = ""


class DroppedRows(Struct, frozen=True):
    """Rows left out for a missing cell; the first of them by number."""

    rows: tuple[int, ...] = ()
    count: int = 0


class MatrixScale(Struct, frozen=True):
    """Mean and SD of each column of a standardized matrix."""

    columns: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    sd: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a column without its mean or SD."""
        if not len(self.columns) == len(self.mean) == len(self.sd):
            raise ValueError("Expected a mean and an SD for each column")


class StandardizationDescription(Struct, frozen=True):
    """Predictors standardized while fitting, and whether results are back on the scale of the data.

    Then `coefficients` and `intercepts` are rescaled, and the transformed parameters that depend on them are
    `computed_again`.
    """

    status: str = ""
    reason: str = ""
    remark: str = ""
    matrices: Mapping[str, MatrixScale] = field(default_factory=dict)
    coefficients: Mapping[str, str] = field(default_factory=dict)
    intercepts: tuple[str, ...] = ()
    computed_again: tuple[str, ...] = ()
    estimates: Mapping[str, Mapping[str, Mapping[str, float | None]]] = field(default_factory=dict)

    @property
    def is_on_data_scale(self) -> bool:
        """Whether results are on the scale of the data."""
        return self.status == "proved"

    @property
    def units(self) -> str:
        """In which units results are, where that is not the scale of the data; else nothing."""
        if self.is_on_data_scale or not self.matrices:
            return ""
        return (
            f"per standard deviation of the predictors in {', '.join(f'`{name}`' for name in self.matrices)}"
        )


class ColumnRule(Struct, frozen=True):
    """What the binding of a column keeps: the level that is 1, the day that is 0, or its levels."""

    level: str | float | None = None
    since: str | None = None
    levels: tuple[str, ...] = ()


class GroupRule(Struct, frozen=True):
    """The groups that a size counts, and their levels."""

    count: Count | None = None
    levels: tuple[str, ...] = ()


class CalendarRule(Struct, frozen=True, kw_only=True):
    """When the rows of the table were: `tables.Calendar`."""

    columns: Annotated[tuple[str, ...], Meta(min_length=1, max_length=2)]
    last: Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]{8,15})?$")]
    months: Annotated[int, Meta(ge=-12_000, le=12_000)] = 0
    microseconds: Annotated[int, Meta(ge=-(10**17), le=10**17)] = 0
    form: Literal["year", "quarter", "month", "day", "second"] = "day"
    is_end_of_month: bool = False
    is_backward: bool = False

    def __post_init__(self) -> None:
        """Refuse a last time that is none."""
        datetime.fromisoformat(self.last)


class BindingRules(Struct, frozen=True, kw_only=True):
    """The rules of a binding, by which new rows are bound."""

    words: tuple[str, ...] = ()
    variables: Mapping[str, tuple[str, ...]]
    columns: Mapping[str, ColumnRule] = field(default_factory=dict)
    groups: Mapping[str, GroupRule]
    given: Mapping[str, Any]
    by_group: Mapping[str, Any] = field(default_factory=dict)
    standardized: Mapping[str, MatrixScale] = field(default_factory=dict)
    row_names: str = ""
    calendar: CalendarRule | None = None

    def __post_init__(self) -> None:
        """Refuse values that are not numbers."""
        check_numbers(self.given)
        check_numbers(self.by_group)


def check_numbers(value: Any) -> None:
    """Refuse a value other than numbers, and lists and tuples of numbers.

    Raises
    ------
    ValueError
        The message names what was found.
    """
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            check_numbers(item)
    elif isinstance(value, str):
        raise ValueError("Expected numbers, got `str`")


class DataDescription(Struct, frozen=True, kw_only=True):
    """The table, and what it became in the program."""

    path: str = ""
    sha256: str = ""
    rows: int | None = None
    columns: tuple[str, ...] = ()
    binding: Mapping[str, str] = field(default_factory=dict)
    variables: tuple[BoundVariableDescription, ...] = ()
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dropped: DroppedRows = DroppedRows()
    tips: tuple[str, ...] = ()
    standardized: StandardizationDescription = StandardizationDescription()
    rules: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse rules of binding that are not as documented."""
        if self.rules:
            msgspec.convert(self.rules, BindingRules)


class ToolchainDescription(Struct, frozen=True, kw_only=True):
    """Stan and the compiler that made the executable."""

    stan: str = ""
    compiler: str = ""
    key: str = ""
    optimized: bool = False
    source: str = ""
    why: str = ""


class SavedSettings(Struct, frozen=True, kw_only=True):
    """What a request holds beyond what stands elsewhere in the record: enough to run it again."""

    methods: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    roles: Mapping[Annotated[str, Meta(pattern=r"^[0-9]{1,9}$")], str] = field(default_factory=dict)
    scaled: tuple[str, ...] = ("prior",)
    weights: Mapping[str, float] = field(default_factory=dict)
    inits: Mapping[str, Any] = field(default_factory=dict)
    threads: Annotated[int, Meta(ge=1, le=4096)] = 1
    timeout: Annotated[float, Meta(gt=0)] | None = None
    keep: tuple[str, ...] | None = None
    pointwise_draws: Annotated[int, Meta(ge=0, le=1_000_000_000)] | None = None
    optimised: bool = False
    prior_data: tuple[str, ...] = ()
    standardized: Mapping[str, MatrixScale] = field(default_factory=dict)
    includes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse starting values that are not numbers."""
        check_numbers(self.inits)
