"""`workbench prior`: what a prior says before the data."""

from __future__ import annotations

import math
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import console, options, parse
from workbench.errors import RequestError


@console.guarded
def command(
    model: options.Model,
    data: options.Data = None,
    column: options.Columns = None,
    set_: options.Values = None,
    reference: options.Reference = None,
    missing: options.Missing = "refuse",
    unpack_limit: options.UnpackLimit = None,
    prior: options.Priors = None,
    prior_form: options.PriorForms = None,
    priors: options.PriorsFile = None,
    role: options.Roles = None,
    plausible: Annotated[
        list[str] | None,
        typer.Option(
            help="Range of an outcome that nobody would wonder at, in its unit: y=0:300, y=0: or y=:300. "
            "Of a yes/no outcome, of its share of yes.",
            metavar="NAME=LOWER:UPPER",
        ),
    ] = None,
    draws: Annotated[
        int, typer.Option(help="Parameters drawn, with a data set for each.", metavar="N")
    ] = 1000,
    seed: options.Seed = 1,
    level: options.Level = 0.95,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            help="HTML file for the report with pictures.",
            metavar="FILE",
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    json_: options.Json = False,
    quiet: options.Quiet = False,
    timeout: options.Timeout = None,
    compiler: options.Compiler = None,
    native: options.Native = False,
    toolchain: options.Source = "auto",
) -> None:
    """Say what a prior means before the data: parameters, outcomes in their unit, and which prior does it.

    DATA need no outcomes: covariates are enough. Outcomes that they have are shown beside those of the prior,
    and not used.
    """
    from workbench import library, tables
    from workbench.priors.priors_file import read_priors
    from workbench.workflow.inputs import check_inputs
    from workbench.workflow.output_file import check_output_file

    path, source = library.resolve_data(model, data)
    source = options.read_dash(source)
    check_inputs(path, source)
    limits = parse_plausible(plausible)
    if html is not None:
        check_output_file(html, [source] if isinstance(source, Path) else [])
    stated = read_priors(priors)
    given, settled = parse.parse_values(set_), parse.parse_priors(prior)
    forms = parse.parse_prior_forms(prior_form)
    largest = parse.parse_size("--unpack-limit", unpack_limit)
    from workbench.process import count_usable_cores
    from workbench.report.prior import build_prior_page
    from workbench.toolchain import ToolchainSettings, provision
    from workbench.workflow.options import FitOptions
    from workbench.workflow.prior import describe_findings, examine, name_findings, write_prior_report
    from workbench.workflow.read_program import read_program

    settings = ToolchainSettings(compiler=compiler, source=toolchain, native=native)
    fit_options = FitOptions(
        columns=parse.parse_columns(column),
        given=given,
        priors={**stated.values, **settled},
        prior_forms={**stated.forms, **forms},
        carried=stated.posterior,
        reference=parse.parse_pairs("--reference", reference),
        missing=parse.parse_missing(missing),
        roles=parse.parse_pairs("--role", role),
        seed=seed,
        level=parse.parse_level(level),
        jobs=count_usable_cores(),
        timeout=timeout,
        toolchain=settings,
        command=shlex.join(["workbench", *sys.argv[1:]]),
    )
    progress = console.progress(quiet)
    found = options.read_within(largest, source)
    table = tables.read(found) if isinstance(found, Path) else found
    tools = provision(settings, progress).limit(timeout)
    program = read_program(path, fit_options.roles, tools)
    findings = examine(program, tools, table, fit_options, progress, plausible=limits, draws=draws)
    if html is not None:
        write_prior_report(findings, html)
    if json_:
        console.show_values(describe_findings(findings))
    else:
        console.show(build_prior_page(findings.prior, *name_findings(findings)))
    if html is not None:
        console.show_note("report", str(html))


def parse_plausible(texts: list[str] | None) -> dict[str, tuple[float, float]]:
    """Return ranges by outcome from `y=0:300`; an end may be left out.

    >>> parse_plausible(["y=0:300", "z=:5"])
    {'y': (0.0, 300.0), 'z': (-inf, 5.0)}
    """
    found: dict[str, tuple[float, float]] = {}
    for name, text in parse.parse_pairs("--plausible", texts).items():
        ends = text.split(":")
        try:
            lower, upper = (
                float(end) if end.strip() else infinity
                for end, infinity in zip(ends, (-math.inf, math.inf), strict=True)
            )
        except ValueError:
            lower, upper = math.nan, math.nan
        if not lower < upper or (math.isinf(lower) and math.isinf(upper)):
            raise RequestError(
                f"--plausible was expected as NAME=LOWER:UPPER with numbers in order, found `{name}={text}`.",
                hint="for example --plausible y=0:300, or y=0: without an upper end",
            )
        found[name] = (lower, upper)
    return found
