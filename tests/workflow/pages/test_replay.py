"""The page of a replay: the farthest numbers, and whether all agree."""

from pathlib import Path

import pytest

from workbench.report.document import TableBlock, Tone
from workbench.results.comparison import Difference
from workbench.workflow.pages.replay import MOST_ROWS, build_replay_page
from workbench.workflow.replay import Replay


def difference(distance, *, is_far=False):
    return Difference("nuts", "mu", "mean", 1.0, 1.0 + distance, distance, is_far)


def build(*differences):
    return build_replay_page(Replay(None, differences), Path("run"))  # type: ignore[arg-type]


def test_identical_runs_need_no_table():
    document = build(difference(0.0), difference(0.0))
    assert document.sections == ()
    assert document.verdict is not None
    assert (document.verdict.tone, document.verdict.sentence) == (
        Tone.OK,
        "All 2 numbers are the same to the last digit.",
    )


@pytest.mark.parametrize(
    ("is_far", "tone", "count"), [(False, Tone.OK, "All agree"), (True, Tone.FAIL, "1 disagree")]
)
def test_the_farthest_numbers_are_shown_and_judged(is_far, tone, count):
    document = build(difference(5.5, is_far=is_far), *[difference(0.1)] * (MOST_ROWS + 2))
    block = document.sections[0].blocks[0]
    assert isinstance(block, TableBlock)
    assert [cell.text for cell in block.rows[0]] == ["mu", "nuts", "mean", "1", "6.5", "5.50"]
    assert len(block.rows) == MOST_ROWS
    assert block.note == "3 more with --json"
    assert document.verdict is not None
    assert document.verdict.tone is tone
    assert document.verdict.sentence.startswith(f"{count}: {MOST_ROWS + 3} numbers compared")
    assert "5.50" in document.verdict.sentence
