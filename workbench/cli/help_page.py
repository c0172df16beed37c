"""The pages that `--help` prints: flags and arguments without a type, and two examples at the end of each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from rich.markup import escape
from typer.core import TyperCommand, TyperGroup

from workbench.cli.completion import complete_parameter
from workbench.errors import neutralise

CONTEXT = {"help_option_names": ["-h", "--help"]}
"""Settings of every command: `-h` is `--help`."""

EXAMPLES: dict[str, tuple[str, str]] = {
    "workbench": (
        "workbench fit eight_schools",
        "workbench fit model.stan data.csv --column y=score --output run",
    ),
    "fit": (
        "workbench fit model.stan data.csv --column y=score --columns X=age,income",
        "workbench fit eight_schools --prior tau_prior_scale=10 --adapt-delta 0.95",
    ),
    "fit-each": (
        "workbench fit-each model.stan sales.parquet --by store --column y=revenue",
        "workbench fit-each linear radon.csv --by county --columns X=floor --column y=log_radon",
    ),
    "check": ("workbench check reports/run --strict", "workbench check --explain WB201"),
    "continue": (
        "workbench continue reports/run --draws 4000",
        "workbench continue reports/run --output reports/longer",
    ),
    "update": (
        "workbench update reports/run june.csv",
        "workbench update reports/run june.csv --forget --output reports/june",
    ),
    "replay": ("workbench replay reports/run", "workbench replay reports/run --seed 2"),
    "inspect": (
        "workbench inspect model.stan --role 'line 12=prior'",
        "workbench inspect linear --instrumented",
    ),
    "models": ("workbench models", "workbench models weibull"),
    "new": (
        "workbench new mine --from linear",
        "workbench new analysis/mine.stan --from weibull --data",
    ),
    "predict": (
        "workbench predict reports/run new_rows.csv --output predictions.csv",
        "workbench predict reports/run --horizon 12",
    ),
    "score": (
        "workbench score reports/run new_rows.csv --html scores.html",
        "workbench score reports/run next_rows.csv --horizon 12 --output rows.csv",
    ),
    "prior": (
        "workbench prior linear --plausible y=20:180",
        "workbench prior model.stan covariates.csv --columns X=age,income --html prior.html",
    ),
    "report": (
        "workbench report reports/run --figures figures",
        "workbench report reports/first reports/second --output comparison.html",
    ),
    "standard-errors": (
        "workbench standard-errors reports/run --cluster school",
        "workbench standard-errors reports/run --robust --bootstrap 1000 --format csv",
    ),
    "test": (
        "workbench test reports/run --null 'beta[2]=0' --null 'beta[3]=0'",
        "workbench test reports/poisson reports/zero_inflated_poisson --null theta=0",
    ),
    "compare": (
        "workbench compare reports/first reports/second --html comparison.html",
        "workbench compare reports/first reports/second --evidence --json",
    ),
    "explore": ("workbench explore reports/run", "workbench explore reports/run --output draws.html"),
    "runs": ("workbench runs", "workbench runs analysis/reports --json"),
    "calibrate": (
        "workbench calibrate eight_schools --method nuts,laplace",
        "workbench calibrate linear kidiq.csv --posterior --simulations 100",
    ),
    "sensitivity": (
        "workbench sensitivity linear --vary 'beta.sigma=0.1:10:log:9'",
        "workbench sensitivity reports/run --decision 'P(mu>0)>0.95'",
    ),
    "show": ("workbench show reports/run", "workbench show reports/run 'theta[*]' tau"),
    "gate": (
        "workbench gate radon@challenger radon@champion --data held_out.csv",
        "workbench gate reports/june reports/may --accept-prior beta.sigma --markdown gate.md",
    ),
    "monitor": (
        "workbench monitor radon today.csv --html radon.html",
        "workbench monitor radon --suppress 2026-11-29..2026-11-30 --reason deployment",
    ),
    "diagnose-drift": (
        "workbench diagnose-drift radon",
        "workbench diagnose-drift radon 7..9 --html drift.html",
    ),
    "promote": (
        "workbench promote radon@challenger --data held_out.csv",
        "workbench promote radon@3 --shadow --html gate.html",
    ),
    "refit": (
        "workbench refit radon june.csv --update --promote --data held_out.csv",
        "workbench refit radon tonight.csv --prior-from 'champion:SD*2' --timeout 3600",
    ),
    "rollback": (
        "workbench rollback radon --reason 'complaints from the field'",
        "workbench rollback radon --registry /srv/models",
    ),
    "serve": (
        "workbench serve radon@champion --port 8080 --token-file token",
        "workbench serve radon --canary challenger=0.1 --canary-key county",
    ),
    "publish": (
        "workbench publish radon@champion --mlflow http://127.0.0.1:5000 --alias champion",
        "workbench publish reports/run --name radon --mlflow databricks --experiment /Shared/radon",
    ),
    "export": (
        "workbench export radon@champion --output radon.json --with-scorer",
        "workbench export reports/run --plug-in map",
    ),
    "export-dashboards": (
        "workbench export-dashboards monitoring",
        "workbench export-dashboards /etc/prometheus/workbench --replace",
    ),
    "registry": (
        "workbench registry add radon reports/run --alias challenger",
        "workbench registry verify",
    ),
    "registry add": (
        "workbench registry add radon reports/run --alias champion --owner 'Health team'",
        "workbench registry add radon reports/june --note 'rows of June' --registry /srv/models",
    ),
    "registry list": ("workbench registry list", "workbench registry list --json"),
    "registry show": ("workbench registry show radon", "workbench registry show radon@champion"),
    "registry alias": (
        "workbench registry alias radon@3 champion --reason 'passed review'",
        "workbench registry alias radon challenger --remove",
    ),
    "registry approve": (
        "workbench registry approve radon@3",
        "workbench registry approve radon@3 --note 'priors and residuals looked at'",
    ),
    "registry describe": (
        "workbench registry describe radon --owner 'Health team'",
        "workbench registry describe radon --limits 'not for single houses'",
    ),
    "registry diff": (
        "workbench registry diff radon@2 radon@3",
        "workbench registry diff radon@champion reports/june",
    ),
    "registry log": ("workbench registry log", "workbench registry log radon --json"),
    "registry report": (
        "workbench registry report radon",
        "workbench registry report radon --output radon-audit.html",
    ),
    "registry verify": ("workbench registry verify", "workbench registry verify --head 427f84290c6c"),
    "registry prune": (
        "workbench registry prune --keep 20 --dry-run",
        "workbench registry prune radon --keep 5",
    ),
    "registry export": (
        "workbench registry export radon@champion --output radon",
        "workbench registry export radon@3 --output radon-3",
    ),
    "registry trust": (
        "workbench registry trust ~/.ssh/id_ed25519.pub --key ~/.ssh/id_ed25519",
        "workbench registry trust team.pub --key ~/.ssh/id_ed25519",
    ),
    "doctor": ("workbench doctor", "workbench doctor && workbench fit eight_schools"),
    "toolchain": ("workbench toolchain status", "workbench toolchain doctor"),
    "toolchain status": (
        "workbench toolchain status",
        "workbench toolchain status --compiler zig",
    ),
    "toolchain install": (
        "workbench toolchain install",
        "workbench toolchain install --wheel httpstan.whl --threads",
    ),
    "toolchain doctor": (
        "workbench toolchain doctor",
        "workbench toolchain doctor && workbench fit eight_schools",
    ),
    "toolchain path": ("workbench toolchain path", "export CMDSTAN=$(workbench toolchain path)"),
    "toolchain prune": ("workbench toolchain prune --keep 1", "workbench toolchain prune --keep 0"),
}
"""Two examples for each command, as somebody would type them."""


def format_examples(name: str) -> str:
    r"""Return the end of a command's help.

    >>> format_examples("models")
    '[bold]Examples[/bold]\n\nworkbench models\n\nworkbench models weibull'
    """
    return "\n\n".join(["[bold]Examples[/bold]", *(escape(line) for line in EXAMPLES[name])])


class Command(TyperCommand):
    """A command whose help says of a flag what it does, and not that it is a boolean."""

    def make_context(self, *args: Any, **options: Any) -> Any:
        """Return the parsed arguments; an error names those that are wrong safely."""
        with _neutral_errors():
            return super().make_context(*args, **options)

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, flags without a type and a default, arguments without a type."""
        return _simplify(super().get_params(ctx))


class Group(TyperGroup):
    """A group of commands, likewise."""

    def make_context(self, *args: Any, **options: Any) -> Any:
        """Return the parsed arguments; an error names those that are wrong safely."""
        with _neutral_errors():
            return super().make_context(*args, **options)

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, flags without a type and a default, arguments without a type."""
        return _simplify(super().get_params(ctx))


@contextmanager
def _neutral_errors() -> Iterator[None]:
    """Replace the control characters in messages of Typer, which quotes arguments as they are."""
    try:
        yield
    except Exception as reason:
        message = getattr(reason, "message", None)
        if isinstance(message, str):
            reason.message = neutralise(message, "\n")  # type: ignore[attr-defined]
        raise


def _simplify(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        parameter.shell_complete = partial(complete_parameter, parameter)
        if getattr(parameter, "is_flag", False):
            parameter.metavar, parameter.show_default = "", False
        if parameter.param_type_name == "argument":
            parameter.display_type_rich = lambda **_: None  # its name says what it is
    return parameters
