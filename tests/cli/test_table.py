"""The table in the terminal: numbers whole at any width, what was left out said."""

import io

import pytest
from rich.console import Console

from tests.report.simulated import simulated_fit
from workbench.cli import table


@pytest.fixture(scope="module")
def record():
    return simulated_fit().record


def printed(record, width, tmp_path):
    stream = io.StringIO()
    table.show(record, tmp_path, Console(file=stream, width=width))
    return stream.getvalue()


@pytest.mark.parametrize("width", [80, 100, 160])
def test_numbers_are_never_cut(record, width, tmp_path):
    text = printed(record, width, tmp_path)
    assert "…" not in text
    one = record["nuts"]["estimates"]["mu"]
    row = next(line for line in text.splitlines() if line.startswith("mu "))
    assert f"{one['rhat']:.3f}" in row


def test_a_narrow_terminal_says_which_columns_it_left_out(record, tmp_path):
    assert "for want of width without" in " ".join(printed(record, 80, tmp_path).split())
    assert "for want of width" not in " ".join(printed(record, 160, tmp_path).split())


def test_what_failed_is_said_below_the_table(record, tmp_path):
    failed = {"status": "failed", "reason": "the optimiser gave up [at once].", "estimates": {}}
    text = printed({**record, "mle": failed}, 120, tmp_path)
    assert "MLE failed: the optimiser gave up [at once]." in text
    assert "  MLE " not in text.splitlines()[1]


def test_names_with_markup_are_printed_as_they_are(record, tmp_path):
    estimates = {"mu": {**record["nuts"]["estimates"]["mu"], "label": "mu[bold]x[/bold]"}}
    text = printed({**record, "nuts": {**record["nuts"], "estimates": estimates}}, 160, tmp_path)
    assert "mu[bold]x[/bold]" in text
