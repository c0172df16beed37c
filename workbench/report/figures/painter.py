"""Drawings painted in another process, which imports matplotlib while this one is busy with the fit.

That process is a helper: where it cannot be started, or ends too early, drawings are painted here.
"""

from __future__ import annotations

import pickle
import queue
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from workbench import process
from workbench.report.figures.drawing import Drawing, to_svg


class Painter:
    """Paints drawings, here or in a worker, which paints those that are announced, in the same order.

    Parameters
    ----------
    requests, answers
        The standard input and output of a worker; `None` for none.
    """

    def __init__(self, requests: IO[bytes] | None = None, answers: IO[bytes] | None = None) -> None:
        self._requests = requests
        self._answers = answers
        self._announced: list[Drawing] = []

    def announce(self, drawings: Sequence[Drawing]) -> None:
        """Send drawings to the worker, all of them at once, before the first one is needed."""
        if self._requests is None:
            return
        try:
            message = pickle.dumps(tuple(drawings), pickle.HIGHEST_PROTOCOL)
            self._requests.write(message)
            self._requests.flush()
        except OSError:  # the worker has ended
            self._requests = None
        except (pickle.PicklingError, AttributeError, TypeError):  # one of them cannot be sent
            return
        else:
            self._announced += drawings

    def to_svg(self, drawing: Drawing) -> str:
        """Return a drawing as `to_svg` does."""
        if self._answers is not None and self._announced and self._announced[0] is drawing:
            del self._announced[0]
            with suppress(Exception):  # it has ended, or something else was printed there
                svg = pickle.load(self._answers)  # noqa: S301 - from the worker that we have started
                if isinstance(svg, str):
                    return svg
            self._answers = None
        return to_svg(drawing)


@contextmanager
def open_painter() -> Iterator[Painter]:
    """Start a worker, and give a painter that uses it."""
    argv = [sys.executable, "-P", "-m", __name__]
    try:
        worker = process.start_worker(argv, cwd=Path("/"))  # matplotlib reads settings from its folder
    except OSError:
        yield Painter()
        return
    try:
        yield Painter(worker.stdin, worker.stdout)
    finally:
        worker.kill()
        with suppress(OSError):  # what it never read
            worker.communicate()


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Import what paints, and paint what is sent, until there is nothing more to read."""
    import matplotlib.backends.backend_svg
    import matplotlib.figure  # noqa: F401

    painted: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    sender = threading.Thread(target=_send, args=(painted, answers))
    sender.start()
    with suppress(EOFError):
        while True:
            for drawing in pickle.load(requests):  # noqa: S301 - from the process that has started us
                painted.put(to_svg(drawing))
    painted.put(None)
    sender.join()


def _send(painted: queue.SimpleQueue[str | None], answers: IO[bytes]) -> None:
    """Send what is painted, while more is painted: a pipe holds little until its other end is read."""
    with suppress(BrokenPipeError):
        while (svg := painted.get()) is not None:
            pickle.dump(svg, answers)
            answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
