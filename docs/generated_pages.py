"""Pages of the site made from the code: commands, checks, thresholds, exit codes, schemas, models."""

from __future__ import annotations

import ast
import inspect
import json
import posixpath
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args, get_origin

import msgspec
from calibration_pages import format_overview, format_section
from rich.text import Text
from typer.main import get_command

import workbench
from workbench import errors, library, thresholds
from workbench.calibration.record import CalibrationRecord
from workbench.cli.app import app
from workbench.cli.help_page import EXAMPLES
from workbench.diagnostics.catalogue import CATALOGUE
from workbench.library import markdown
from workbench.library.catalogue import FAMILIES, find_home
from workbench.monitoring.events import MonitorEvent
from workbench.monitoring.record import MonitorRecord
from workbench.registry import events as registry_events
from workbench.registry.index import RegistryIndex
from workbench.report.numbers import choose_decimals, format_interval, format_number, join_with_and
from workbench.results.view import Results
from workbench.segments.folder import SegmentsRecord
from workbench.studies.view import StudyResults

_EVENT = "one event, a line of the journal; each holds the hash of the one before"
"""What a line of `events.jsonl` is."""

SCHEMAS: dict[str, tuple[str, Any, str]] = {
    "run": ("`run.json`", Results, "what a fit found, with its provenance"),
    "study": ("`study.json`", StudyResults, "a study of prior sensitivity"),
    "fits": ("`fits.json`", SegmentsRecord, "fits of one program to each group of a table"),
    "calibration": (
        "`calibration.json`",
        CalibrationRecord,
        "what fits of simulated data say of each method",
    ),
    "registry-event": ("`events.jsonl` of a registry", registry_events.Event, _EVENT),
    "registry-index": ("`index.json` of a registry", RegistryIndex, "what its events add up to"),
    "monitor-event": ("`events.jsonl` of a monitor", MonitorEvent, _EVENT),
    "monitor": ("`workbench monitor --json`", MonitorRecord, "where a monitor stands"),
}
"""What has a type, by the name of its schema: how it is called, the type, and what it holds."""

PROJECT_PAGES = {
    "CHANGELOG.md": "changes",
    "CONTRIBUTING.md": "contributing",
    ".github/CODE_OF_CONDUCT.md": "code-of-conduct",
    ".github/SECURITY.md": "security",
    "workbench/README.md": "map",
}
"""Pages of the checkout that the site has too, and what they are called there."""


def write(folder: Path) -> None:
    """Write all pages into a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "models").mkdir(parents=True)
    pages = {
        "commands": format_commands(),
        "python-api": format_python_api(),
        "checks": format_checks(),
        "thresholds": format_thresholds(),
        "exit-codes": format_exit_codes(),
        "schemas": format_schemas(),
        "models/index": format_models(),
        "models/calibrations": format_overview(library.list_names()),
        **{page: format_project_page(name) for name, page in PROJECT_PAGES.items()},
    }
    for name, lines in pages.items():
        (folder / f"{name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, (_, kind, _) in SCHEMAS.items():
        text = json.dumps(make_schema(kind), indent=1, ensure_ascii=False)
        (folder / f"{name}.schema.json").write_text(text + "\n", encoding="utf-8")
    shutil.copy(find_home() / "workbench" / "exporting" / "export.schema.json", folder)
    for model in library.list_models():
        (folder / "models" / f"{model.name}.md").write_text(format_model(model), encoding="utf-8")
        shutil.copy(model.program.with_suffix(".svg"), folder / "models")


def format_project_page(name: str) -> Iterator[str]:
    """Yield a page of the checkout, whose links lead to pages of the site."""
    text = (find_home() / name).read_text(encoding="utf-8")
    folder = PurePosixPath(name).parent

    def lead(link: re.Match[str]) -> str:
        path = posixpath.normpath(folder / link[1])
        page = f"{PROJECT_PAGES[path]}.md" if path in PROJECT_PAGES else f"../../{path}"
        return f"]({page.replace('../../docs/', '../')}{link[2] or ''})"

    yield re.sub(r"\]\((?!\w+:)([^)#]+)(#[^)]*)?\)", lead, text)


def format_commands() -> Iterator[str]:
    """Yield the page of all commands, from the application that parses them."""
    yield from (
        "# Command line",
        "",
        "Made from the program that parses the options: `workbench COMMAND --help` says the same.",
    )
    for words, command in _list_commands():
        name = " ".join(("workbench", *words))
        yield from ("", f"{'#' * (1 + len(words))} `{name}`", "", *_format_command(name, words, command))


def _list_commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    group: Any = get_command(app)
    for name, command in group.commands.items():
        yield (name,), command
        for inner_name, inner in getattr(command, "commands", {}).items():
            yield (name, inner_name), inner


def _format_command(name: str, words: tuple[str, ...], command: Any) -> Iterator[str]:
    escaped = "\\|"  # in a table
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    options = [param for param in command.params if param.param_type_name == "option"]
    yield Text.from_markup(command.help.partition("[bold]Examples")[0]).plain.strip()
    yield from (
        "",
        "```text",
        " ".join([name, *(_format_argument(param) for param in arguments), "[OPTIONS]"]),
        "```",
        "",
    )
    if arguments or options:
        yield from ("| | |", "|---|---|")
    for param in arguments:
        yield f"| `{_name(param).replace('|', escaped)}` | {_describe(param)} |"
    for param in options:
        yield f"| {_spell(param)} | {_describe(param)} |"
    yield from ("", "```text", *EXAMPLES[" ".join(words)], "```")


def _name(param: Any) -> str:
    if param.metavar:
        return str(param.metavar)
    kind = param.type_descriptor.annotation
    return "|".join(get_args(kind)) if get_origin(kind) is Literal else str(param.name).upper()


def _format_argument(param: Any) -> str:
    name = _name(param) + ("..." if param.nargs == -1 and not _name(param).endswith("...") else "")
    return name if param.required else f"[{name}]"


def _spell(param: Any) -> str:
    metavar = "" if param.is_flag else f" {_name(param)}"
    metavar = metavar.replace("|", "\\|")
    return ", ".join(f"`{name}{metavar}`" for name in (*param.opts, *param.secondary_opts))


def _describe(param: Any) -> str:
    text = Text.from_markup(param.help or "").plain
    default = param.default
    has_default = isinstance(default, str | int | float) and not isinstance(default, bool) and default != ""
    return escape(text + (f" Default: {default}." if has_default and param.show_default else ""))


def escape(text: str) -> str:
    """Return a text as a cell of a table in Markdown, in which nothing but its code has a meaning."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    plain = [part if part.startswith("`") else re.sub(r"([\\*_<\[\]$'])", r"\\\1", part) for part in parts]
    return "".join(plain).replace("|", "\\|")


def format_python_api() -> Iterator[str]:
    """Yield the page of all public names, whose docstrings Sphinx reads."""
    yield from ("# Python", "", "The verbs of the command line under the same names. Worked examples:")
    yield from ("[Ten everyday things in Python](../python.md).", "", "```{eval-rst}")
    first = ("fit", "Model", "Fit")
    for name in (*first, *(name for name in workbench.__all__ if name not in first)):
        is_class = isinstance(getattr(workbench, name), type)
        has_members = is_class and not issubclass(getattr(workbench, name), Exception | Warning)
        yield f".. auto{'class' if is_class else 'function'}:: workbench.{name}"
        yield from ("   :members:",) if has_members else ()
    yield from (f".. autoclass:: {name}\n   :members:" for name in _RETURNED)
    yield "```"


_RETURNED = (
    "workbench.studies.Study",
    "workbench.workflow.comparison.Comparison",
    "workbench.workflow.score.Scores",
    "workbench.api.averaging.FitAverage",
)
"""Classes that these functions return, and that have attributes and methods of their own."""


def format_checks() -> Iterator[str]:
    """Yield the page of all checks, in the order of a report."""
    yield from (
        "# Checks",
        "",
        "What `workbench check` asks of every run. `workbench check --explain CODE` prints one of these.",
        "Each title says what holds where nothing is found.",
    )
    for check in CATALOGUE:
        yield from ("", f"({check.code.lower()})=", "", f"## {check.code} {check.title}", "")
        yield from (escape(check.explanation), "")
        yield from (
            f"Threshold: {escape(check.threshold)}. Reference: {escape(check.reference)}.".replace("..", "."),
            "",
        )
        yield from ("", f"What to do: {escape(check.advice)}") if check.advice else ()
        for paragraph in check.page:
            yield from ("", escape(paragraph))


def format_thresholds() -> Iterator[str]:
    """Yield the page of all numbers that decide, read from the source of `workbench.thresholds`."""
    source = Path(str(thresholds.__file__)).read_text(encoding="utf-8")
    description, _, references = str(thresholds.__doc__).partition("References\n----------\n")
    yield from ("# Thresholds", "", *(escape(part) + "\n" for part in description.split("\n\n")))
    sections = re.split(r"^# --- (.+?) -+$", source, flags=re.M)
    for title, section in zip(sections[1::2], sections[2::2], strict=True):
        yield from (f"## {title}", "", "| name | value | meaning and reference |", "|---|---|---|")
        for name, meaning in _documented(section):
            yield f"| `{name}` | {escape(_format_value(getattr(thresholds, name)))} | {escape(meaning)} |"
        yield ""
    yield from (
        "## References",
        "",
        *(f"- {escape(line)}" for line in re.split(r"\n(?=[A-Z])", references.strip())),
    )


def _documented(section: str) -> Iterator[tuple[str, str]]:
    body = ast.parse(section).body
    for node, text in pairwise(body):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        is_text = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
        if isinstance(target, ast.Name) and is_text:
            yield target.id, str(text.value.value)  # type: ignore[attr-defined]


def _format_value(value: Any) -> str:
    if callable(value):
        return "a function"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


_NO = (
    "`--strict` and the verdict is `fail` (for `sensitivity` and `calibrate`: "
    "some point or method does not hold), "
    "a gate not passed, an alarm, a `replay` that finds other numbers, a registry that was changed"
)
"""What exit code 1 may mean."""


def format_exit_codes() -> Iterator[str]:
    """Yield the page of exit codes, from the tree of errors."""
    yield from ("# Exit codes and errors", "", "| code | meaning |", "|---|---|", "| 0 | done |")
    yield f"| {errors.EXIT_STRICT} | the answer is no: {_NO} |"
    kinds = sorted(_list_kinds(errors.WorkbenchError), key=lambda kind: (kind.exit_code, kind.__name__))
    for code in sorted({kind.exit_code for kind in kinds}):
        names = [kind for kind in kinds if kind.exit_code == code]
        meanings = (f"`{kind.__name__}`: {escape(_first_line(kind))}" for kind in names)
        yield f"| {code} | {'<br>'.join(meanings)} |"
    yield f"| {errors.EXIT_FAULT} | a fault of workbench, with a traceback: please report it |"
    yield f"| {errors.EXIT_INTERRUPTED} | interrupted |"
    yield f"| {errors.EXIT_UNREAD} | nobody reads the output any more (`\\| head -1`) |"
    yield from (
        "",
        "In Python each is an exception with a `message` and a `hint`; all are a `workbench.WorkbenchError`.",
    )


def _list_kinds(kind: type[errors.WorkbenchError]) -> Iterator[type[errors.WorkbenchError]]:
    for inner in kind.__subclasses__():
        if inner.__module__ == errors.__name__:
            yield inner
        yield from _list_kinds(inner)


def _first_line(kind: type) -> str:
    return str(kind.__doc__).splitlines()[0]


def format_schemas() -> Iterator[str]:
    """Yield the page that lists the schemas."""
    yield from (
        "# Schemas of files",
        "",
        "JSON Schema (2020-12), made from the types by which these files are checked when they are read, or",
        "from which they are written.",
    )
    yield from ("", "| file | what it holds | schema |", "|---|---|---|")
    for name, (title, _, meaning) in SCHEMAS.items():
        yield f"| {title} | {meaning} | [{name}.schema.json]({name}.schema.json) |"
    file = "export.schema.json"
    yield f"| an export | [a linear predictor for programs without Stan](../export.md) | [{file}]({file}) |"
    for title, kind, _ in SCHEMAS.values():
        yield from ("", f"## The keys of {title}", "", *_format_keys(make_schema(kind)))


def _format_keys(schema: dict[str, Any]) -> Iterator[str]:
    """Yield a table of the keys of a schema, and one for each kind of content that it may have."""
    top = schema["$defs"][_name_definition(schema["$ref"])]
    yield from _format_table(top)
    content = top["properties"].get("content", {})
    for kind, place in content.get("discriminator", {}).get("mapping", {}).items():
        described = schema["$defs"][_name_definition(place)]
        yield from ("", f"`content` of type `{kind}`: {escape(described['description'])}", "")
        yield from _format_table(described)


def _format_table(described: dict[str, Any]) -> Iterator[str]:
    yield from ("| key | type |", "|---|---|")
    for key, value in described["properties"].items():
        yield f"| `{key}` | {escape(_format_type(value))} |"


def _name_definition(place: str) -> str:
    return place.rpartition("/")[2]


def _format_type(described: dict[str, Any]) -> str:
    if "$ref" in described:
        return _name_definition(described["$ref"])
    if "enum" in described:
        return " or ".join(f"`{value}`" for value in described["enum"])
    if "anyOf" in described:
        return " or ".join(_format_type(one) for one in described["anyOf"])
    if described.get("type") == "array" and isinstance(described.get("items"), dict):
        return f"array of {_format_type(described['items'])}"
    if described.get("type") == "object" and isinstance(described.get("additionalProperties"), dict):
        return f"object of {_format_type(described['additionalProperties'])}"
    return str(described.get("type", "any"))


def make_schema(kind: Any) -> dict[str, Any]:
    """Return the JSON Schema of a type."""
    made: dict[str, Any] = _make_portable(msgspec.json.schema(kind))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def _make_portable(value: Any) -> Any:
    """Return a part of a schema with names and patterns that mean the same to every reader.

    The anchors of Python's patterns are not those of JSON Schema, and types with parameters have their names
    in full.
    """
    if isinstance(value, list):
        return [_make_portable(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {_shorten(key): _make_portable(item) for key, item in value.items()}
    for key, text in value.items():
        if key == "pattern" and isinstance(text, str):
            found[key] = re.sub(r"\\A(.*)\\Z", r"^\1$", text)
        elif key == "description" and isinstance(text, str):
            found[key] = inspect.cleandoc(text)
        elif key in ("$ref", "title") and isinstance(text, str):
            found[key] = _shorten(text)
    return found


def _shorten(name: str) -> str:
    """Return the name of a type without its parameters.

    >>> _shorten("Event[workbench.registry.events.Added]"), _shorten("#/$defs/Event_workbench.journal.X_")
    ('Event', '#/$defs/Event')
    """
    return re.sub(r"[\[_]workbench\..*", "", name)


def format_models() -> Iterator[str]:
    """Yield the list of bundled models, with the navigation to their pages."""
    text = markdown.render_index(library.list_models())
    yield re.sub(r"\]\(\w+/(\w+)\.md\)", r"](\1.md)", text)
    yield from ("[Which methods can be relied on](calibrations.md), model by model.", "")
    yield from ("```{toctree}", ":hidden:", "", "calibrations", "```", "")
    for family in FAMILIES:
        names = [f"{model.name} <{model.name}>" for model in library.list_models() if model.family == family]
        yield from ("```{toctree}", ":hidden:", f":caption: {family.capitalize()}", "", *names, "```", "")


def format_model(model: library.catalogue.BundledModel) -> str:
    """Return the page of a model: its story and picture, what was found, its program, its data."""
    page = markdown.render_page(model)
    page = page.replace(f"The program is [{model.program.name}]({model.program.name}).", "")
    page = page.replace("(../../data/", "(../../../data/").replace("(../README.md)", "(index.md)")
    program = model.program.read_text(encoding="utf-8").rstrip()
    entry = _GALLERY.get(model.name)
    found = "\n".join(_format_formulas(_FORMULAS[model.name])) + "\n"
    found += "\n".join(_format_entry(entry, model.card.units)) if entry else ""
    found += "\n" + "\n".join(format_section(model.name))
    return page.replace("\n## Data\n", f"\n{found}\n## Program\n\n```stan\n{program}\n```\n\n## Data\n", 1)


_GALLERY = json.loads((Path(__file__).parent / "gallery.json").read_text(encoding="utf-8"))
"""What `make gallery` found of each model."""


_FORMULAS = json.loads((Path(__file__).parent / "formulas.json").read_text(encoding="utf-8"))
"""The statements of each model as mathematics, made from its program (`make docs`)."""

_REMARKS = {
    r"p_{n}": "$p_n$ is what row $n$ contributes to the likelihood.",
    "Z_{n}": "$Z_n$ is a row of $Z$.",
    r"X_{\text{centred},n}": r"$X_{\text{centred},n}$ is a row.",
    "NegBinomial2": "NegBinomial2 has a mean and a size.",
    "Gamma(": "Gamma and InvGamma have a shape, then a rate or a scale.",
    "BetaProportion": "BetaProportion has a mean and a size.",
}
"""What is said below formulas in which these occur."""


def _format_formulas(rows: list[dict[str, str]]) -> Iterator[str]:
    yield from ("## The model", "", "| role | formula | in the program |", "|---|---|---|")
    for row in rows:
        yield f"| {row['role']} | ${row['formula']}$ | {_quote(row['statement'])} |"
    text = " ".join(row["formula"] for row in rows)
    remarks = [remark for part, remark in _REMARKS.items() if part in text]
    yield from (
        "",
        " ".join(["With the default hyperparameters, and distributions as in Stan.", *remarks]),
        "",
    )


def _format_entry(entry: dict[str, Any], units: Mapping[str, str]) -> Iterator[str]:
    yield from ("## What is found", "", _format_verdict(entry), "")
    yield "| quantity | mean | SD | 95% interval | MLE | MAP | unit |"
    yield "|---|---|---|---|---|---|---|"
    for row in entry["quantities"]:
        decimals = choose_decimals(row["sd"])
        mean, sd, mle, mode = (format_number(row[key], decimals) for key in ("mean", "sd", "mle", "map"))
        interval = format_interval(row["lower"], row["upper"], decimals).replace(" ", "\N{NO-BREAK SPACE}")
        unit = escape(units.get(row["name"].partition("[")[0], ""))
        yield f"| `{row['name']}` | {mean} | {sd} | {interval} | {mle} | {mode} | {unit} |"
    notes = [_describe_outside(key, entry["quantities"]) for key in ("mle", "map")]
    notes += [_SEVERAL_MAXIMA[method] for method in entry.get("several_maxima", ())]
    yield from ("", " ".join([_METHOD_NOTE, *filter(None, notes)]), "")


_SEVERAL_MAXIMA = {
    "mle": "Optimisers end at several maxima of the likelihood: the MLE is the highest that was found.",
    "map": "Optimisers end at several modes: the MAP is the highest that was found.",
}
"""What is said where another seed may find another point."""

_METHOD_NOTE = (
    "NUTS with its defaults and seed 1. A dash: there is no such estimate; `workbench fit` says why."
)
"""What stands below the numbers of each model."""


def _format_verdict(entry: dict[str, Any]) -> str:
    """Return what the checks say, by the title of each that has an issue."""
    titles = {check.code: check.title for check in CATALOGUE}
    issues = [f"[{code}](../checks.md#{code.lower()}) ({escape(titles[code])})" for code in entry["issues"]]
    return f"The verdict is `{entry['verdict']}`.{f' Not passed: {join_with_and(issues)}.' if issues else ''}"


def _describe_outside(method: str, rows: Sequence[dict[str, Any]]) -> str:
    """Return a sentence about point estimates that lie outside the posterior's intervals, or nothing."""
    names = [
        f"`{row['name']}`"
        for row in rows
        if row[method] is not None and not row["lower"] <= row[method] <= row["upper"]
    ]
    if not names:
        return ""
    verb, whose = ("lie", "their") if 1 < len(names) < len(rows) else ("lies", "its")
    which = "every quantity" if len(names) == len(rows) > 1 else join_with_and(names)
    where = f"The {method.upper()} of {which} {verb} outside {whose} 95% interval"
    return f"{where}: [why](../../explanation/four-answers.md#when-they-are-not)."


def _quote(statement: str) -> str:
    return "`" + " ".join(statement.split()).replace("|", "\\|") + "`"
