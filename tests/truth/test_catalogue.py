"""The bundled models and data say of themselves what is true."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from workbench import process
from workbench.program.syntax import stanc
from workbench.provenance import hash_file

ROOT = Path(__file__).parents[2]
MODELS = sorted((ROOT / "stan_models").glob("*/*.stan"))
TABLES = sorted((ROOT / "data").glob("*.csv"))

_JOINT = {
    "dirichlet_multinomial": {"loo"},
    "gaussian_process": {"loo"},
    "gamma_exponential": {"predictive"},
    "weibull": {"predictive"},
    "meta_analysis": {"rows"},
}
"""Models whose data are one observation, which does not split; of censored data; of several outcomes."""

_FALSE_POSITIVE = re.compile(
    r"the prior\(s\) depend on data variables\. In the later case, this may be a false positive"
)


def _card(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_table_is_the_one_its_card_describes(path):
    card, table = _card(path), pd.read_csv(path)
    assert card["sha256"] == hash_file(path)
    assert card["rows"] == len(table)
    assert set(card["columns"]) == set(table.columns)
    assert all(column["meaning"] and column["unit"] for column in card["columns"].values())
    assert card["origin"]
    assert card["licence"]
    assert not table.isna().any(axis=None)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_card_of_a_model_fits_its_program_and_its_data(path):
    card, source = _card(path), path.read_text(encoding="utf-8")
    assert all(card[part] for part in ("title", "story", "references", "units"))
    columns = set(pd.read_csv(ROOT / "data" / f"{card['data']}.csv").columns)
    for bound in card.get("columns", {}).values():
        assert {bound} <= columns if isinstance(bound, str) else set(bound) <= columns
    for name, hyperparameter in card["hyperparameters"].items():
        assert hyperparameter["meaning"]
        assert f" {name}; //" in source
        assert name in card["sweep"] or "_prior_" not in name
    for name, sweep in card["sweep"].items():
        low, high, spacing, count = sweep.split(":")
        assert float(low) <= card["hyperparameters"][name]["default"] <= float(high)
        assert spacing == "lin" or float(low) > 0
        assert int(count) >= 5


def test_there_is_a_table_for_every_model_and_a_model_for_every_table():
    shown = {_card(path)["data"] for path in MODELS}
    assert shown == {path.stem for path in TABLES}


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_every_data_line_has_a_comment_with_a_unit(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    start = lines.index("data {")
    block = lines[start + 1 : lines.index("}", start)]
    assert block
    assert all("; // " in line for line in block)
    assert lines[0].startswith("// ")


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_program_is_formatted_as_stanc_would(path, tools):
    formatted = stanc.run_stanc(tools.stanc, ["--auto-format"], path)
    assert formatted.rstrip("\n") == path.read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_pedantic_mode_has_nothing_to_say(path, tools):
    """But for one remark that stanc itself calls a false positive: priors whose hyperparameters are data."""
    command = [str(tools.stanc.path), "--warn-pedantic", f"--o={os.devnull}", str(path)]
    remarks = " ".join(process.run(command).stderr.split()).split("Warning in ")[1:]
    assert [remark for remark in remarks if not _FALSE_POSITIVE.search(remark)] == []


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_program_can_be_taken_apart_without_doubt(path, read_program):
    read = read_program(path)
    assert read.instrumented is not None
    assert {obstacle.feature for obstacle in read.obstacles} <= _JOINT.get(path.stem, set())
    assert {term.role for term in read.terms} >= {"prior", "likelihood"}
    assert not any(term.confidence == "ask" for term in read.terms)
