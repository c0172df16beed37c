"""Rules that no linter checks: which module may import what, and that the map is complete."""

import ast
import functools
import graphlib
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
"""The checkout."""

PACKAGE = ROOT / "workbench"
"""The product's code."""

FIGURES = {str(path.relative_to(PACKAGE)) for path in (PACKAGE / "report" / "figures").glob("*.py")}
"""The modules that draw."""

SINGLE_IMPORTERS = {
    "subprocess": {"process/start.py", "process/companion.py"},
    "cmdstanpy": {"backends/cmdstan_model.py", "backends/cmdstan.py"},
    "jinja2": {"report/html.py"},
    "matplotlib": FIGURES,
    "arviz_plots": FIGURES,
    "nutpie": {"backends/nutpie_chain.py"},
    "distributed": {"execution/dask.py", "execution/dask_worker.py"},
    "dask": {"execution/dask.py"},
    "mlflow": {"tracking/server.py", "tracking/saved_model.py", "tracking/predicting_model.py"},
    "click": set(),
    "httpstan": set(),
}
"""The only modules that may import each of these packages."""


@functools.cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def imported_packages(path: Path) -> set[str]:
    packages: set[str] = set()
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            packages |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            packages.add(node.module.split(".")[0])
    return packages


@pytest.mark.parametrize("package", SINGLE_IMPORTERS)
def test_single_importers(package):
    importers = {
        str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if package in imported_packages(path)
    }
    assert importers <= SINGLE_IMPORTERS[package]


def test_there_is_no_import_cycle():
    """This includes deferred imports, and imports for types."""
    modules = {_name(path): path for path in PACKAGE.rglob("*.py")}
    graph = {name: _imported_modules(path, modules.keys()) - {name} for name, path in modules.items()}
    tuple(graphlib.TopologicalSorter(graph).static_order())


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imported_modules(path: Path, modules: Collection[str]) -> set[str]:
    imported: set[str] = set()
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            imported |= {name if name in modules else node.module for name in names} & set(modules)
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names} & set(modules)
    return imported


def test_the_map_lists_every_room():
    listed = set(re.findall(r"^\| `(\w+)` \|", (PACKAGE / "README.md").read_text(encoding="utf-8"), re.M))
    rooms = {
        path.stem
        for path in PACKAGE.iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and not path.stem.startswith("__")
    }
    assert listed == rooms


def test_the_map_lists_every_part_of_a_room():
    listed = set(re.findall(r"^\| `(\w+/\w+)` \|", (PACKAGE / "README.md").read_text(encoding="utf-8"), re.M))
    parts = {str(path.parent.relative_to(PACKAGE)) for path in PACKAGE.glob("*/*/__init__.py")}
    assert listed == parts


ABOVE_RESULTS = ("api", "cli", "workflow", "report", "studies", "diagnostics", "estimation")
"""The rooms that read a run through `results/view` alone."""


def test_nothing_above_results_indexes_run_json_by_strings():
    found = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] in ABOVE_RESULTS
        for line in _lines_that_index_a_record(path)
    ]
    assert not found


def _lines_that_index_a_record(path: Path) -> list[int]:
    """Return the lines with `fit.record["key"]`, `fit.record.get("key")`, or the same of a name `record`."""
    lines = []
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Subscript):
            place: ast.expr = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            place = node.func.value
        else:
            continue
        while isinstance(place, ast.Subscript):
            place = place.value
        if "record" in (getattr(place, "attr", ""), getattr(place, "id", "")):
            lines.append(node.lineno)
    return lines


def test_every_module_constant_has_a_line_that_says_what_it_is():
    """Neighbours may share one: a docstring below the last, or a comment above the first or beside."""
    found = {
        str(path.relative_to(PACKAGE)): names
        for path in PACKAGE.rglob("*.py")
        if (names := _unexplained_constants(path)) and path.parent.name != "checks"
    }
    assert not found


def _unexplained_constants(path: Path) -> list[str]:
    lines, body = path.read_text(encoding="utf-8").splitlines(), parse(path).body
    names: list[str] = []
    for node, following in zip(body, [*body[1:], None], strict=True):
        name = _constant_name(node)
        if not name:
            continue
        explained = "#" in lines[node.lineno - 1] or "#" in lines[node.lineno - 2]
        explained |= isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
        if following is not None and _constant_name(following):
            explained |= (
                following.lineno <= (node.end_lineno or node.lineno) + 2
            )  # a neighbour: its line is theirs
        if not explained:
            names.append(name)
    return names


def _constant_name(node: ast.stmt) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    is_constant = isinstance(target, ast.Name) and re.fullmatch(r"_?[A-Z][A-Z0-9_]+", target.id)
    return target.id if isinstance(target, ast.Name) and is_constant else ""


def test_the_map_names_files_that_exist():
    text = (PACKAGE / "README.md").read_text(encoding="utf-8")
    paths = re.findall(r"`([a-z_]+/[\w/.]*)`", text)
    missing = [path for path in paths if "<" not in path and not (PACKAGE / path).exists()]
    assert not missing


def test_the_top_level_holds_the_agreed_files_only():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    top = {line.split("/")[0] for line in tracked.stdout.splitlines()}
    visible = {name for name in top if not name.startswith(".")}
    assert visible <= {
        "pyproject.toml", "workbench", "stan_models", "data", "tests", "reports", "README.md",
        "docs", "CONTRIBUTING.md", "CITATION.cff", "Makefile", "LICENSE", "CHANGELOG.md", "requirements.lock",
    }  # fmt: skip


@pytest.mark.parametrize("arguments", [["--help"], ["sensitivity", "-h"], ["toolchain", "prune", "-h"]])
def test_help_does_not_import_scientific_packages(arguments):
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from workbench.cli.app import app\n"
        f"assert CliRunner().invoke(app, {arguments}).exit_code == 0\n"
        "heavy = {'numpy', 'pandas', 'scipy', 'xarray', 'matplotlib', 'cmdstanpy', 'arviz_stats'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_two_classes_have_the_same_name():
    homes = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(path.relative_to(PACKAGE).as_posix())
    twice = {name: places for name, places in homes.items() if len(places) > 1}
    # The same noun at two levels: what people hold is a wrapper of what a run directory holds.
    assert twice.pop("Fit") == ["api/finished_fit.py", "results/fit.py"]
    assert twice == {}
