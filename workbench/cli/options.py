"""The arguments and options that several commands share: each has one name and one meaning."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from workbench.cli import completion

if TYPE_CHECKING:
    from workbench.tables import Table

BINDING = "Binding"
METHODS = "Methods"
SAMPLER = "Sampler"
OUTPUT = "Output"
AVERAGE = "Averages of runs"
STAN = "Stan"
"""The panels under which `--help` groups options."""

Model = Annotated[
    str,
    typer.Argument(
        help="A Stan program, or the name of a bundled model.",
        metavar="MODEL",
        autocompletion=completion.complete_models,
    ),
]
Data = Annotated[
    Path | None,
    typer.Argument(
        help="A table (CSV, TSV, Parquet, Arrow) or Stan's JSON, - for standard input; "
        "a bundled model has its own.",
        metavar="DATA",
    ),
]
Run = Annotated[
    Path,
    typer.Argument(
        help="A run directory that `workbench fit` wrote.",
        metavar="RUN",
        autocompletion=completion.complete_runs,
    ),
]
RunOrVersion = Annotated[
    Path,
    typer.Argument(
        help="A run directory that `workbench fit` wrote, or a version in the registry: NAME@champion.",
        metavar="RUN",
        autocompletion=completion.complete_runs_and_versions,
    ),
]

# --- Binding ----------------------------------------------------------------------------------------------

Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        "--columns",
        help="Columns of a Stan variable: y=sales, X=age,income, t=when:days.",
        metavar="NAME=COLUMNS",
        rich_help_panel=BINDING,
    ),
]
Values = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Value of a Stan variable, as JSON: K=3.",
        metavar="NAME=VALUE",
        rich_help_panel=BINDING,
    ),
]
Reference = Annotated[
    list[str] | None,
    typer.Option(
        help="Level of a text column without an indicator: region=south.",
        metavar="COLUMN=LEVEL",
        rich_help_panel=BINDING,
    ),
]
Missing = Annotated[
    str,
    typer.Option(help="Rows with a missing cell.", metavar="refuse|drop", rich_help_panel=BINDING),
]
UnpackLimit = Annotated[
    str | None,
    typer.Option(
        help="Largest size of a compressed table once unpacked; by default 256 MiB, or 100 times the file.",
        metavar="SIZE",
        rich_help_panel=BINDING,
    ),
]
Standardize = Annotated[
    bool,
    typer.Option(
        "--standardize",
        help="Put predictors on one scale while fitting; results stay on their own.",
        rich_help_panel=BINDING,
    ),
]
Priors = Annotated[
    list[str] | None,
    typer.Option(
        "--prior",
        help="Value of a hyperparameter, or one for each element: beta.sigma=1, beta.mu=0.97,-0.72.",
        metavar="NAME=VALUES",
        rich_help_panel=BINDING,
    ),
]
PriorForms = Annotated[
    list[str] | None,
    typer.Option(
        "--prior-form",
        help="Another form of a whole prior: 'beta ~ student_t(3, 0, 2.5)'; 'beta ~ flat' removes it.",
        metavar="'PARAMETER ~ PRIOR'",
        rich_help_panel=BINDING,
    ),
]
PriorsFile = Annotated[
    Path | None,
    typer.Option(
        "--priors",
        help="A TOML file of priors: \\[prior] as --prior has them, \\[prior-form] as --prior-form does.",
        metavar="FILE",
        rich_help_panel=BINDING,
    ),
]
Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--role",
        help="Role of a statement: 'line 12=prior', '3=likelihood', 'mu ~=prior'.",
        metavar="STATEMENT=ROLE",
        rich_help_panel=BINDING,
    ),
]
Scale = Annotated[
    str,
    typer.Option(
        help="What counts as prior: statements that are priors, or latent ones too.",
        metavar="prior|latent",
        rich_help_panel=BINDING,
    ),
]

Horizon = Annotated[
    int | None,
    typer.Option(
        "--horizon",
        metavar="H",
        help="Forecast the rows that follow those of the fit in time, so many, 1 to H steps ahead without "
        "seeing those between; DATA holds them. `predict` needs no DATA where predictors count up in equal "
        "steps or repeat themselves.",
        min=1,
    ),
]

PredictedFrom = Literal["nuts", "laplace", "pathfinder", "map", "mle"]
"""What can be predicted from."""

NewGroups = Annotated[
    Literal["refuse", "draw", "average"],
    typer.Option(
        "--new-groups",
        help="Groups that the fit has not seen: refuse them, draw them from the distribution of groups, "
        "or average over the groups of the fit.",
    ),
]

WEIGHTS_HELP = (
    "Weights of runs whose predictions are averaged: by how well they predict left-out rows together "
    "(stacking) or each by itself (pseudo-bma), by their evidence, or, with --average, all alike (equal)."
)
"""What --weights means, wherever runs are weighted."""

Average = Annotated[
    list[Path] | None,
    typer.Option(
        "--average",
        help="Average the predictions of RUN with those of this run; repeat it for more. Each takes its own "
        "columns from DATA.",
        metavar="RUN",
        rich_help_panel=AVERAGE,
    ),
]
Weights = Annotated[
    Literal["stacking", "pseudo-bma", "evidence", "equal"],
    typer.Option(
        "--weights",
        help=WEIGHTS_HELP,
        rich_help_panel=AVERAGE,
    ),
]
Weight = Annotated[
    list[str] | None,
    typer.Option(
        "--weight",
        help="Weight of a run with --average, in the place of --weights: linear=0.7. Each run needs one.",
        metavar="RUN=NUMBER",
        rich_help_panel=AVERAGE,
    ),
]

# --- Methods ----------------------------------------------------------------------------------------------

Seed = Annotated[
    int,
    typer.Option(min=0, help="All other seeds are derived from it.", metavar="N", rich_help_panel=METHODS),
]
Starts = Annotated[
    int, typer.Option(help="Random starts of each optimisation.", metavar="N", rich_help_panel=METHODS)
]

BicCount = Annotated[
    int | None,
    typer.Option(
        help="Sample size of the BIC; by default the rows, of which a binomial one can hold many trials.",
        metavar="N",
        rich_help_panel=METHODS,
    ),
]

# --- Sampler ----------------------------------------------------------------------------------------------

Chains = Annotated[int, typer.Option(help="Chains.", metavar="N", rich_help_panel=SAMPLER)]
Draws = Annotated[int, typer.Option(help="Draws kept in each chain.", metavar="N", rich_help_panel=SAMPLER)]
Warmup = Annotated[
    int, typer.Option(help="Warm-up draws in each chain.", metavar="N", rich_help_panel=SAMPLER)
]
AdaptDelta = Annotated[
    float, typer.Option(help="Target acceptance statistic.", metavar="P", rich_help_panel=SAMPLER)
]
MaxTreedepth = Annotated[
    int, typer.Option(help="A trajectory has at most 2^N steps.", metavar="N", rich_help_panel=SAMPLER)
]
Init = Annotated[
    str,
    typer.Option(
        help="Where chains start: random, map, pathfinder, or a JSON file of values of parameters.",
        metavar="random|map|pathfinder|FILE",
        rich_help_panel=SAMPLER,
    ),
]
Sampler = Annotated[
    str,
    typer.Option(
        help="Who runs the chains: Stan, or nutpie (the extra `nutpie`).",
        metavar="stan|nutpie",
        rich_help_panel=SAMPLER,
    ),
]
Metric = Annotated[
    str,
    typer.Option(
        help="The metric; for correlated parameters, dense (stan) or low_rank (nutpie).",
        metavar="diag|dense|low_rank",
        rich_help_panel=SAMPLER,
    ),
]
Retry = Annotated[
    bool,
    typer.Option("--retry", help="Act on the sampler's own advice, up to twice.", rich_help_panel=SAMPLER),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1, help="Processes at a time; by default one per core.", metavar="N", rich_help_panel=SAMPLER
    ),
]
Scheduler = Annotated[
    str,
    typer.Option(
        help="Where fits run: on this machine, or on the workers of a Dask scheduler, with the same results. "
        "A file describes a cluster to start.",
        metavar="local|local:N|tcp://HOST:PORT|tls://HOST:PORT|FILE.toml",
        rich_help_panel=SAMPLER,
    ),
]
Threads = Annotated[
    int,
    typer.Option(
        min=1,
        help="Threads in each chain: for reduce_sum and, from 10,000 rows, for likelihoods over rows.",
        metavar="N",
        rich_help_panel=SAMPLER,
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        min=1,
        help="Longest time for each chain, compilation or other step.",
        metavar="SECONDS",
        rich_help_panel=SAMPLER,
    ),
]

# --- Output -----------------------------------------------------------------------------------------------

Level = Annotated[
    float, typer.Option(help="Probability of the intervals.", metavar="P", rich_help_panel=OUTPUT)
]
Figures = Annotated[
    Path | None,
    typer.Option(
        help="Folder for the report's figures as SVG and PNG files.", metavar="DIR", rich_help_panel=OUTPUT
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        help="The transformed parameters and generated quantities to store, or none; by default all.",
        metavar="NAME",
        rich_help_panel=OUTPUT,
    ),
]
PointwiseDraws = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Draws of each chain whose pointwise log-likelihoods and replicates are stored; by default all, "
        "or as many as make 40 million numbers.",
        metavar="N",
        rich_help_panel=OUTPUT,
    ),
]
NoReport = Annotated[
    bool,
    typer.Option(
        "--no-report",
        help="Leave out report.html; `workbench report RUN` makes it later.",
        rich_help_panel=OUTPUT,
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print the results as JSON and nothing else.", rich_help_panel=OUTPUT)
]
Format = Annotated[
    Literal["md", "latex", "csv", "json"] | None,
    typer.Option(
        "--format",
        help="Print the table and nothing else: md and latex with rounded numbers, csv and json with all.",
        rich_help_panel=OUTPUT,
    ),
]
Verbatim = Annotated[
    bool,
    typer.Option(
        "--verbatim",
        help="Write labels as they are; otherwise an apostrophe stands before those that begin with "
        "=, +, - or @, which spreadsheets would run, and terminals get no control characters.",
        rich_help_panel=OUTPUT,
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit with 1 if the verdict is fail.", rich_help_panel=OUTPUT)
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.", rich_help_panel=OUTPUT)]

Metrics = Annotated[
    Path | None,
    typer.Option(
        help="File for metrics of this job as Prometheus reads them, written also when it fails: "
        "one *.prom file a job in the folder of node_exporter's textfile collector.",
        metavar="FILE",
        rich_help_panel=OUTPUT,
    ),
]

Experiment = Annotated[
    str,
    typer.Option(
        help="The experiment in MLflow; by default it is called as the model or the program is.",
        metavar="NAME",
        rich_help_panel=OUTPUT,
    ),
]

# --- Stan -------------------------------------------------------------------------------------------------

Compiler = Annotated[
    str | None,
    typer.Option(
        help="The C++ compiler: clang++, g++, zig or a path; by default the first found.",
        metavar="clang++|g++|zig|PATH",
        rich_help_panel=STAN,
    ),
]
Native = Annotated[
    bool, typer.Option("--native", help="Compile for this very processor.", rich_help_panel=STAN)
]
NoOptimise = Annotated[
    bool,
    typer.Option(
        "--no-optimise",
        "--no-optimize",
        help="Sample the program's loops as they are written, not as vectorised statements.",
        rich_help_panel=STAN,
    ),
]
Source = Annotated[
    str,
    typer.Option(
        "--toolchain",
        help="Where Stan comes from: the package index (embedded), or your own CmdStan.",
        metavar="auto|embedded|cmdstan",
        rich_help_panel=STAN,
    ),
]


def read_dash(data: Path | Table) -> Path | Table:
    """Return what data mean: a dash is standard input, unless there is a file with this name."""
    return Path("/dev/stdin") if data == Path("-") and not Path("-").exists() else data


def read_within(limit: int | None, data: Path | Table) -> Path | Table:
    """Return a table that has been read within a limit of its own; without a limit, the data as they are."""
    data = read_dash(data)
    if limit is None or not isinstance(data, Path):
        return data
    from workbench import tables

    return tables.read(data, limit)


def describe_output(what: str, metavar: str = "DIR") -> Any:
    """Return the option `--output`, with what goes there.

    >>> describe_output("Run directory").help
    'Run directory.'
    """
    return typer.Option("--output", "-o", help=f"{what}.", metavar=metavar, rich_help_panel=OUTPUT)
