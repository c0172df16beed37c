"""Every number that decides stands once, in `workbench.thresholds`, and is that of its reference."""

import ast
import itertools
import math
import re
from pathlib import Path

import pytest

from workbench import thresholds

PACKAGE = Path(thresholds.__file__).parent

REFERENCES = {
    "RHAT_LIMIT": 1.01,  # Vehtari et al. (2021), section 4
    "ESS_PER_CHAIN": 100,  # Vehtari et al. (2021), section 4
    "EBFMI_LIMIT": 0.3,  # Betancourt (2016)
    "KHAT_LIMIT": 0.7,  # Vehtari et al. (2024), section 3.2.4
    "POWERS": (0.99, 1.01),  # Kallioinen et al. (2024), section 2.5
    "SENSITIVITY_LIMIT": 0.05,  # Kallioinen et al. (2024), section 2.5
    "FEWEST_COMPARED_ROWS": 100,  # Sivula et al. (2020), section 6
    "ELPD_DIFFERENCE_LIMIT": 4.0,  # Sivula et al. (2020), section 6
    "CONDITION_NUMBER_LIMIT": 30.0,  # Belsley, Kuh and Welsch (1980), section 3.2
}

DECIDING = re.compile(r"LIMIT|THRESHOLD|RHAT|KHAT|EBFMI|BFMI|P_VALUE|ESS_|SENSITIV|SAME_|EQUAL|FEWEST")

ALLOWED = {
    "estimation/optimum/convergence.py": {"_SAME_VALUE"},  # rounding of a location beside a value of the data
    "estimation/optimum/search.py": {"_FEWEST_AGREEING"},  # two are needed to agree
    "estimation/sampling/psis.py": {"EQUAL_RATIOS"},  # rounding in Stan's output
    "report/comparison/report.py": {"FEWEST_RUNS"},  # the size of a table
}
"""Constants that are named like a threshold and are none."""


def _module_constants(path: Path) -> set[str]:
    """Return the names that a module gives to numbers, whatever they are."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        for target in targets if _is_number(getattr(node, "value", None)) else []:
            found |= {name.id for name in ast.walk(target) if isinstance(name, ast.Name)}
    return found


def _is_number(node: ast.AST | None) -> bool:
    return any(
        isinstance(part, ast.Constant)
        and isinstance(part.value, int | float)
        and not isinstance(part.value, bool)
        for part in (ast.walk(node) if isinstance(node, ast.Constant | ast.Tuple | ast.UnaryOp) else ())
    )


@pytest.mark.parametrize("name", REFERENCES)
def test_the_value_is_that_of_its_reference(name):
    assert getattr(thresholds, name) == REFERENCES[name]


def test_no_other_module_defines_a_threshold():
    defined = {}
    for path in PACKAGE.rglob("*.py"):
        name = str(path.relative_to(PACKAGE))
        names = {constant for constant in _module_constants(path) if DECIDING.search(constant)} - ALLOWED.get(
            name, set()
        )
        if names and path.name != "thresholds.py":
            defined[name] = names
    assert not defined


def test_no_comparison_repeats_a_threshold():
    """A comparison with 1.01, 0.7 or 0.05 in the code would be a second definition."""
    values = {value for name, value in vars(thresholds).items() if name.isupper() and _is_fraction(value)}
    repeated = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare)
        for part in node.comparators
        if isinstance(part, ast.Constant) and part.value in values
    ]
    assert not repeated


def test_every_threshold_is_used():
    paths = (path for path in PACKAGE.rglob("*.py") if path.stem != "thresholds")
    sources = [path.read_text(encoding="utf-8") for path in paths]
    names = [name for name in vars(thresholds) if name.isupper() and name[0] != "_"]
    unused = [name for name in names if not any(re.search(rf"\b{name}\b", source) for source in sources)]
    assert not unused


def _is_fraction(value: object) -> bool:
    return isinstance(value, float) and value % 1 != 0


def test_each_threshold_is_explained():
    body = ast.parse(Path(thresholds.__file__).read_text(encoding="utf-8")).body
    for node, following in itertools.pairwise(body):
        if isinstance(node, ast.Assign):
            assert isinstance(following, ast.Expr), ast.unparse(node)


@pytest.mark.parametrize(
    ("draws", "limit"), [(10, 0.0), (100, 0.5), (1000, 2 / 3), (10_000, 0.7), (1, -math.inf)]
)
def test_the_limit_of_khat_is_that_of_vehtari_et_al(draws, limit):
    """min(1 - 1/log10(S), 0.7), by hand."""
    assert thresholds.khat_limit(draws) == pytest.approx(limit)


def test_equal_numbers_are_printed_with_the_decimals_that_were_given():
    assert thresholds.format_beside_limit(0.7, 0.7, 2) == ("0.70", "0.70")
    assert thresholds.format_beside_limit(399.7, 400, 0) == ("399.7", "400.0")
