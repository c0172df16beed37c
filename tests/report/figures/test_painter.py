"""A worker paints what `to_svg` paints; without one, or once it has ended, drawings are painted here."""

import io
import os
import pickle
import subprocess
import sys
from functools import partial

import pytest

from workbench import process
from workbench.report.figures import Drawing, to_svg
from workbench.report.figures.painter import Painter, open_painter


def draw(count):
    return Drawing(partial(_paint, count))


def _paint(count, figure, palette):
    axes = figure.add_subplot()
    for line in range(count):
        axes.plot([0, 1], [line, 1], color=palette.posterior)


@pytest.fixture
def importable(monkeypatch):
    """Lets the worker import this module."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


def test_a_worker_paints_the_same_in_the_same_order(importable):
    drawings = [draw(count) for count in (1, 2, 3)]
    with open_painter() as painter:
        painter.announce(drawings)
        assert len(painter._announced) == 3
        assert [painter.to_svg(drawing) for drawing in drawings] == [to_svg(drawing) for drawing in drawings]
        assert painter._answers is not None  # it was the worker


def test_what_was_not_announced_is_painted_here(importable):
    first, second = draw(1), draw(2)
    with open_painter() as painter:
        painter.announce([first])
        assert painter.to_svg(second) == to_svg(second)
        assert painter.to_svg(first) == to_svg(first)


def test_a_worker_that_cannot_be_started_is_done_without(monkeypatch):
    def refuse(*_, **__):
        raise OSError

    monkeypatch.setattr(process, "start_worker", refuse)
    with open_painter() as painter:
        painter.announce([draw(1)])
        assert painter.to_svg(drawing := draw(1)) == to_svg(drawing)


@pytest.mark.parametrize("answers", [b"", b"a warning\n", pickle.dumps(7), pickle.dumps("<svg")[:-3]])
def test_a_worker_that_ends_too_early_or_answers_nonsense_is_done_without(answers):
    drawings = [draw(1), draw(2)]
    painter = Painter(io.BytesIO(), io.BytesIO(answers))
    painter.announce(drawings)
    assert [painter.to_svg(drawing) for drawing in drawings] == [to_svg(drawing) for drawing in drawings]


class Closed(io.BytesIO):
    """A pipe whose other end is closed."""

    def write(self, _):
        raise BrokenPipeError


def test_a_worker_that_has_ended_is_done_without():
    painter = Painter(Closed(), io.BytesIO())
    painter.announce([draw(1)])
    assert painter.to_svg(drawing := draw(1)) == to_svg(drawing)


def test_what_cannot_be_sent_is_painted_here():
    drawing = Drawing(lambda figure, palette: _paint(1, figure, palette))
    painter = Painter(io.BytesIO(), io.BytesIO())
    painter.announce([drawing])
    assert painter.to_svg(drawing) == to_svg(drawing)


def test_a_worker_ends_with_its_input():
    argv = [sys.executable, "-P", "-m", "workbench.report.figures.painter"]
    done = subprocess.run(argv, input=b"", capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
