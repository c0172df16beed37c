"""The table in the terminal: numbers whole at any width, what was left out said."""

import io
import re
from pathlib import Path

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


def test_what_has_no_number_is_a_dash(record, tmp_path):
    nowhere = dict.fromkeys(("mean", "median", "sd", "lower", "upper", "rhat"), float("nan"))
    estimates = {**record["nuts"]["estimates"], "mu": nowhere}
    text = printed({**record, "nuts": {**record["nuts"], "estimates": estimates}}, 160, tmp_path)
    row = next(line for line in text.splitlines() if line.startswith("mu "))
    assert "nan" not in row
    assert "– to –" not in row


def test_what_failed_is_said_below_the_table(record, tmp_path):
    failed = {"status": "failed", "reason": "the optimiser gave up [at once].", "estimates": {}}
    text = printed({**record, "mle": failed}, 120, tmp_path)
    assert "MLE failed: the optimiser gave up [at once]." in text
    assert "  MLE " not in text.splitlines()[1]


def test_names_with_markup_are_printed_as_they_are(record, tmp_path):
    estimates = {"mu": {**record["nuts"]["estimates"]["mu"], "label": "mu[bold]x[/bold]"}}
    text = printed({**record, "nuts": {**record["nuts"], "estimates": estimates}}, 160, tmp_path)
    assert "mu[bold]x[/bold]" in text


def _in_terminal(record, width, tmp_path, **environment):
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, force_terminal=True, _environ={"TERM": "xterm", **environment}
    )
    table.show(record, tmp_path, console)
    return stream.getvalue()


def test_many_parameters_are_summarised_the_worst_first(tmp_path):
    record = simulated_fit(schools=500, draws=25).record
    record["nuts"]["estimates"]["theta_raw[321]"]["rhat"] = 3.2
    text = printed(record, 80, tmp_path)
    rows = [line for line in text.splitlines() if line.startswith(("mu", "tau", "theta_raw"))]
    assert len(rows) == 40
    assert rows[0].startswith("theta_raw[321]")
    words = " ".join(text.split())
    assert "the worst convergence first; 462 more parameters in summary.csv and the report" in words


def test_the_verdict_is_that_of_the_report(record, tmp_path):
    text = printed(record, 120, tmp_path)
    assert (
        "verdict: caution (1 check passed). These results can be used, with the reservations below." in text
    )


def test_nothing_is_wider_than_a_terminal_of_80_columns(record, tmp_path):
    reason = "the log density has no maximum: it is flat or still rising along `tau`, whatever is tried. " * 2
    failed = {"status": "failed", "reason": reason, "estimates": {}}
    text = _in_terminal({**record, "map": failed}, 80, Path("/run"), NO_COLOR="1")
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in text.splitlines()) <= 80
    lines = text.splitlines()
    start = next(place for place, line in enumerate(lines) if "issue WB201" in line)
    assert lines[start + 1].startswith("      ")


def test_no_color_means_no_colour(record, tmp_path):
    coloured = re.compile(r"\x1b\[[0-9;]*3[0-7]")
    assert coloured.search(_in_terminal(record, 100, tmp_path))
    assert not coloured.search(_in_terminal(record, 100, tmp_path, NO_COLOR="1"))
    assert "\x1b" not in printed(record, 100, tmp_path)


@pytest.mark.parametrize("name", ["\x1b[31mred", "\u202egnp.exe", "bell\x07", "two\nlines"])
def test_names_do_not_act_on_the_terminal(record, name, tmp_path):
    estimates = {"mu": {**record["nuts"]["estimates"]["mu"], "label": name}}
    text = printed({**record, "nuts": {**record["nuts"], "estimates": estimates}}, 120, tmp_path)
    assert "<U+" in text
    assert not set("\x1b\u202e\x07") & set(text)


def test_a_very_long_name_leaves_room_for_its_numbers(record, tmp_path):
    estimates = {"mu": {**record["nuts"]["estimates"]["mu"], "label": "start" + "x" * 400 + "end"}}
    text = printed({**record, "nuts": {**record["nuts"], "estimates": estimates}}, 80, tmp_path)
    row = next(line for line in text.splitlines() if line.startswith("start"))
    assert f"{estimates['mu']['rhat']:.3f}" in row
    assert "xend" in row
