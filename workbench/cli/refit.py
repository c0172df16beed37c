"""`workbench refit`: a retraining job for cron, Argo, Airflow or GitHub Actions."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import completion, console, gate, options, parse
from workbench.cli.json_log import JsonLog
from workbench.cli.metrics_file import Found, write_metrics
from workbench.cli.open_registry import FOLDER, Author, Folder, Key, open_registry, show_remarks
from workbench.errors import EXIT_STRICT, RequestError, RunError, WorkbenchError
from workbench.process import count_usable_cores

if TYPE_CHECKING:
    from workbench.metrics import MetricSample
    from workbench.registry import ModelRegistry
    from workbench.workflow.refit import RefitOutcome, Way
    from workbench.workflow.refit_segments import SegmentOutcome


@console.guarded
def command(
    name: Annotated[
        str,
        typer.Argument(
            help="The name of a model in the registry.",
            metavar="NAME",
            autocompletion=completion.complete_names,
        ),
    ],
    new_data: Annotated[Path, typer.Argument(help="New rows with their outcomes.", metavar="NEW_DATA")],
    update: Annotated[
        bool, typer.Option("--update", help="The rows come beside those of the champion.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="The rows are all there are; this is the default.")
    ] = False,
    prior_from: Annotated[
        str | None,
        typer.Option(
            help="The rows are fitted alone, and the champion's posterior is their prior: champion, or "
            "champion:SD*2 with its SDs doubled.",
            metavar="champion[:SD*X]",
        ),
    ] = None,
    base: Annotated[
        str,
        typer.Option(help="Begin with another version than the champion: 3, challenger.", metavar="WHICH"),
    ] = "",
    again: Annotated[bool, typer.Option("--again", help="Fit although these rows were fitted so.")] = False,
    promote: Annotated[
        bool, typer.Option("--promote", help="Make it the champion if it passes the gate.")
    ] = False,
    by: Annotated[
        list[str] | None,
        typer.Option(
            help="Fit each group of this column as a model of its own, NAME.GROUP, which begins with the "
            "champion of NAME. Repeat it for combinations.",
            metavar="COLUMN",
        ),
    ] = None,
    scheduler: options.Scheduler = "local",
    data: gate.HeldOut = None,
    new_groups: options.NewGroups = "refuse",
    rules: gate.Limits = None,
    accept_prior: gate.AcceptPrior = None,
    missing: options.Missing = "refuse",
    retry: options.Retry = False,
    timeout: options.Timeout = None,
    jobs: options.Jobs = None,
    no_report: options.NoReport = False,
    folder: Folder = FOLDER,
    author: Author = None,
    key: Key = None,
    metrics: options.Metrics = None,
    json_: options.Json = False,
    compiler: options.Compiler = None,
    native: options.Native = False,
    toolchain: options.Source = "auto",
) -> None:
    """Fit a model of the registry to new data, and add the fit as its challenger: a job that can be repeated.

    The same rows again are no work. The champion stays what it is unless --promote is given and the gate is
    passed. The log is JSON, a line for each step, on stderr. Exit codes: 0 done, or nothing to do; 1 refused
    by the gate; 2 to 5 as for every command; 6 another job for the model is running.
    """
    log = JsonLog()
    with _log_errors(log), write_metrics(metrics, "refit", name) as found:
        way = _choose_way(is_update=update, is_full=full, prior_from=prior_from)
        if not promote and (data is not None or rules is not None or accept_prior):
            raise RequestError(
                "--data, --rules and --accept-prior are for the gate.", hint="give --promote too"
            )
        lacking = parse.parse_missing(missing)
        from workbench.registry.gate import read_limits
        from workbench.workflow.inputs import check_table_exists

        limits = read_limits(rules, tuple(accept_prior or ()))
        check_table_exists(options.read_dash(new_data))
        registry = open_registry(folder, author, key)
        registry.read_state().find_model(name)
        held_out = gate.read_rows(data, new_groups)
        from workbench.execution.scheduler import open_executor, parse_scheduler
        from workbench.toolchain import ToolchainSettings
        from workbench.workflow.method_settings import count_retries
        from workbench.workflow.refit import RefitOptions, parse_prior_from, refit
        from workbench.workflow.refit_segments import refit_segments
        from workbench.workflow.update import UpdateOptions

        fit = UpdateOptions(
            missing=lacking,
            has_report=not no_report,
            jobs=jobs or count_usable_cores(),
            toolchain=ToolchainSettings(compiler=compiler, source=toolchain, native=native),
            command=shlex.join(["workbench", *sys.argv[1:]]),
            widen=parse_prior_from(prior_from or "champion"),
            retry=count_retries(retry),
            timeout=timeout,
        )
        asked = RefitOptions(way, base, again, promote, held_out, limits, fit)
        log.write("started", model=name, way=way, table=str(new_data))
        rows = options.read_dash(new_data)
        if by:
            where = parse_scheduler(scheduler)
            with open_executor(where, where.cores or fit.jobs, log) as executor:
                outcomes = refit_segments(registry, name, rows, by, executor, asked, log)
                _refit_segments(name, outcomes, log, found, json_)
            return
        outcome = refit(registry, name, rows, asked, log)
        if metrics is not None:
            found.samples += _measure(registry, outcome)
        show_remarks(registry)
        _show(outcome, log, is_json=json_)
        if outcome.gate is not None and not outcome.gate.is_passed:
            raise typer.Exit(EXIT_STRICT)


@contextmanager
def _log_errors(log: JsonLog) -> Iterator[None]:
    """Write an error of ours to the log of the job, and end with its exit code."""
    try:
        yield
    except WorkbenchError as reason:
        log.write_error(reason)
        raise typer.Exit(reason.exit_code) from None


def _measure(registry: ModelRegistry, outcome: RefitOutcome) -> list[MetricSample]:
    """Return what Prometheus is told of a job; nothing of a fit whose run is gone."""
    from workbench.metrics.refitted import describe_refit
    from workbench.results import run_directory

    version, gated = outcome.version, outcome.gate
    if version.is_pruned:
        return []
    return describe_refit(
        run_directory.read(registry.find_folder(version)).results,
        version.added.name,
        version.number,
        is_new=outcome.is_new,
        is_champion=outcome.is_champion,
        is_passed=None if gated is None else gated.is_passed,
    )


def _refit_segments(
    name: str, outcomes: Iterable[SegmentOutcome], log: JsonLog, metrics: Found, is_json: bool
) -> None:
    """Say what came of each segment; the exit code is 4 if one failed, 1 if a gate refused one."""
    from workbench.metrics.refitted import describe_segments

    found, codes = [], set()
    counts = dict.fromkeys(("fitted", "unchanged", "refused", "failed"), 0)
    for each in outcomes:
        if each.failure is not None:
            log.write_error(each.failure, model=each.model)
            values: dict[str, Any] = {"failure": each.failure.message}
            codes.add(RunError.exit_code)
        else:
            assert each.outcome is not None  # noqa: S101 - it did not fail
            values = _describe(each.outcome)
            log.write("done" if each.outcome.is_new else "nothing to do", model=each.model, **values)
            if each.gate is not None and not each.gate.is_passed:
                codes.add(EXIT_STRICT)
        counts[_classify(each)] += 1
        found.append({"segment": list(each.segment), "model": each.model, **values})
    if is_json:
        console.show_json(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        new = sum(bool(each.get("is_new")) for each in found)
        failed = sum("failure" in each for each in found)
        champions = sum(bool(each.get("is_champion")) for each in found)
        console.show_line(
            f"{len(found)} segments: {new} fitted, {failed} failed, {len(found) - new - failed} with nothing "
            f"to do; {champions} are champions."
        )
    metrics.samples += describe_segments(name, counts)
    log.write("finished", segments=len(found), exit_code=max(codes, default=0))
    if codes:
        raise typer.Exit(max(codes))


def _classify(segment: SegmentOutcome) -> str:
    """Return what came of a segment, as metrics count it."""
    if segment.outcome is None:
        return "failed"
    if segment.gate is not None and not segment.gate.is_passed:
        return "refused"
    return "fitted" if segment.outcome.is_new else "unchanged"


def _choose_way(*, is_update: bool, is_full: bool, prior_from: str | None) -> Way:
    """Return how the rows are used.

    Raises
    ------
    RequestError
        Two ways were asked for.
    """
    if is_update + is_full + (prior_from is not None) > 1:
        raise RequestError(
            "--update, --full and --prior-from are three ways to use the rows.", hint="give one"
        )
    return "update" if is_update else "full" if prior_from is None else "prior"


def _show(outcome: RefitOutcome, log: JsonLog, *, is_json: bool) -> None:
    """Say what came of the job: on stderr for machines, on stdout for whoever asked."""
    import msgspec

    version, result, values = outcome.version, outcome.gate, _describe(outcome)
    log.write("done" if outcome.is_new else "nothing to do", **values)
    if is_json:
        full = None if result is None else msgspec.to_builtins(result)
        console.show_json(json.dumps({**values, "gate": full}, indent=1, ensure_ascii=False))
        return
    if not outcome.is_new:
        gated = (
            "" if result is None else "; its gate passed it" if result.is_passed else "; its gate refused it"
        )
        console.show_line(f"nothing to do: {version.reference} was fitted to these rows{gated}.")
        return
    if result is not None:
        from workbench.report.gate import build_gate_report

        console.show(build_gate_report(result))
    stands = "the champion now" if outcome.is_champion else "the challenger"
    console.show_line(f"{version.reference} is {stands} (verdict: {version.added.summary.verdict}).")


def _describe(outcome: RefitOutcome) -> dict[str, Any]:
    """Return what came of a job as values that JSON has."""
    result = outcome.gate
    return {
        "version": outcome.version.reference,
        "is_new": outcome.is_new,
        "base": None if outcome.base is None else outcome.base.reference,
        "verdict": outcome.version.added.summary.verdict,
        "is_champion": outcome.is_champion,
        "gate": None if result is None else {"is_passed": result.is_passed, "failed": list(result.failed)},
    }
