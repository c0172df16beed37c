"""One chain of nutpie, in a process of its own: a program that `nutpie.py` starts.

::

    python -P nutpie_chain.py SETTINGS.json

It asks an evaluator for log densities on a socket that it inherits, prints its progress on standard output
and what the program prints on standard error, and writes draws and statistics to a file. It imports nothing
of ours, so that it starts soon.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]

_REQUEST = struct.Struct("=IIQQQQ")
"""Task, flags, rows, numbers in each, seed, position of the first row: as `evaluate.cpp` has it."""

_ANSWER = struct.Struct("=qQQQ")
"""Status, rejected rows, numbers, characters of text."""

_LOG_DENSITY, _FLAGS = 1, 2 | 4
"""The task, a log density, and its flags: with the Jacobian of the constraints, and with its gradient."""

_REPORT_RATE = 200
"""Time between two reports of progress [ms]."""

_REPORT = (
    "{% for chain in chains %}{{ chain.finished_draws }} {{ chain.divergences }} {{ chain.step_size }}"
    "{% endfor %}"
)
"""A report, in nutpie's template language: iterations, divergences after the warm-up, step size."""

_MOST_MESSAGES = 100
"""The most messages of the program that are passed on. Ours."""

_SLOW = ("arviz", "pandas")
"""Packages that nutpie imports for traces in a form of theirs, and for data of PyMC."""

_STATISTICS = (
    "logp",
    "energy",
    "depth",
    "n_steps",
    "mean_tree_accept",
    "step_size",
    "step_size_bar",
    "diverging",
)
"""nutpie's statistics of a draw that are kept."""


def main(path: str) -> None:
    """Run the chain whose settings a file holds, and write its draws."""
    settings = json.loads(Path(path).read_text(encoding="utf-8"))
    nutpie = _import_nutpie()
    density = _Density(settings["socket"], settings["data_seed"], len(settings["point"]))
    try:
        trace = nutpie.sample(
            _make_model(np.array(settings["point"]), density.evaluate),
            chains=1,
            cores=1,
            draws=settings["draws"],
            tune=settings["warmup"],
            seed=settings["seed"],
            target_accept=settings["adapt_delta"],
            maxdepth=settings["max_treedepth"],
            low_rank_modified_mass_matrix=settings["metric"] == "low_rank",
            store_unconstrained=True,
            progress_bar=False,
            return_raw_trace=True,
        )
    except BaseException as reason:  # panics of Rust are no exceptions
        _give_up(f"Error: nutpie says: {str(reason).splitlines()[0]}")
    density.report_suppressed()
    _write(trace, settings["output"])
    sys.stderr.flush()
    os._exit(0)  # nutpie's threads can crash while Python cleans up


class _Unused(ModuleType):
    """Stands for a package that is imported and not used: whatever is taken from it is a type."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return object


def _import_nutpie() -> ModuleType:
    """Import nutpie without the packages that it needs for traces of other kinds: they take seconds."""
    for name in _SLOW:
        sys.modules[name] = _Unused(name)
    try:
        import nutpie
    except (AttributeError, ImportError, TypeError):  # another version, which uses them
        for name in _SLOW:
            del sys.modules[name]
        import nutpie
    else:
        for name in _SLOW:  # pyarrow does without them
            sys.modules[name] = None  # type: ignore[assignment]
    return nutpie  # type: ignore[no-any-return]


def _make_model(point: _Floats, evaluate: Callable[[_Floats], tuple[float, _Floats]]) -> Any:
    """Return nutpie's model of a log density; its chain starts at the point and reports its progress."""
    from nutpie import _lib
    from nutpie.compiled_pyfunc import PyFuncModel, from_pyfunc

    class ReportingModel(PyFuncModel):  # type: ignore[misc]
        def _make_sampler(self, settings: Any, init_mean: Any, cores: int, _: Any, store: Any) -> Any:
            reports = _lib.ProgressType.template_callback(_REPORT_RATE, _REPORT, cores, _print_report)
            return super()._make_sampler(settings, init_mean, cores, reports, store)

    none = np.zeros(1)
    model = from_pyfunc(
        len(point),
        lambda: evaluate,
        lambda *_: lambda _: {"none": none},  # draws are among the statistics, on the unconstrained scale
        [none.dtype],
        [none.shape],
        ["none"],
        make_initial_point_fn=lambda _: point,
    )
    return ReportingModel(**vars(model))


def _print_report(report: str) -> None:
    print(report, flush=True)  # noqa: T201 - for the process that has started this one


def _give_up(message: str) -> NoReturn:
    """End at once: nutpie's threads do not pass on an exception."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201
    os._exit(1)


class _Density:
    """The log density of a program, as an evaluator answers it.

    Parameters
    ----------
    descriptor
        The socket of the evaluator, which has read its data.
    seed
        The seed with which it has read them.
    size
        The number of unconstrained parameters.
    """

    def __init__(self, descriptor: int, seed: int, size: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(True)
        self._header = _REQUEST.pack(_LOG_DENSITY, _FLAGS, 1, size, seed, 0)
        self._answer = bytearray(_ANSWER.size + 8 * (size + 1))
        self._messages = 0

    def evaluate(self, point: _Floats) -> tuple[float, _Floats]:
        """Return log density and gradient at a point; NaN where the program rejects it."""
        self._socket.sendall(self._header + point.tobytes())
        received = self._receive(0, _ANSWER.size)
        status, _, count, characters = _ANSWER.unpack_from(self._answer)
        text_begins = _ANSWER.size + 8 * count
        if received < text_begins + characters:
            self._receive(received, text_begins + characters)
        if characters:
            self._pass_on(self._answer[text_begins : text_begins + characters].decode("utf-8", "replace"))
        if status != 0:
            _give_up("Error: the log density cannot be evaluated.")
        numbers = np.frombuffer(self._answer, np.float64, count, _ANSWER.size)
        return float(numbers[0]), numbers[1:].copy()

    def _receive(self, received: int, needed: int) -> int:
        """Receive at least so many bytes of an answer; return how many there are."""
        if needed > len(self._answer):
            self._answer = self._answer + bytes(needed - len(self._answer))
        view = memoryview(self._answer)
        while received < needed:
            count = self._socket.recv_into(view[received:])
            if count == 0:
                _give_up("Error: the process that evaluates the log density has ended.")
            received += count
        return received

    def _pass_on(self, message: str) -> None:
        self._messages += 1
        if self._messages <= _MOST_MESSAGES:
            print(message.rstrip(), file=sys.stderr, flush=True)  # noqa: T201

    def report_suppressed(self) -> None:
        """Print how many messages were not passed on."""
        if self._messages > _MOST_MESSAGES:
            print(f"... and {self._messages - _MOST_MESSAGES} more messages", file=sys.stderr)  # noqa: T201


def _write(trace: Any, output: str) -> None:
    """Write draws, `(iteration, U)`, and statistics, each `(iteration,)`, of all iterations."""
    import pyarrow as pa

    (raw,) = trace.get_arrow_trace()[1]
    batch = pa.record_batch(raw)
    draws = batch.column("unconstrained_draw")
    statistics = {
        name: batch.column(name).to_numpy(zero_copy_only=False).astype(np.float64) for name in _STATISTICS
    }
    np.savez(output, draws=draws.flatten().to_numpy().reshape(len(draws), -1), **statistics)


if __name__ == "__main__":
    main(sys.argv[1])
