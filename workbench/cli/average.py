"""What `predict` and `score` have in common where they average several runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli import console, parse
from workbench.errors import RequestError

if TYPE_CHECKING:
    from workbench.comparison.averaging import AverageKind
    from workbench.toolchain import ToolchainSettings
    from workbench.workflow.average import Average

_DEFAULT = "stacking"
"""How runs are weighted by default."""


def choose_weights(
    others: list[Path] | None, kind: AverageKind, given: list[str] | None
) -> AverageKind | Mapping[str, float]:
    """Return how runs are weighted, or the weights that are given.

    Raises
    ------
    RequestError
        There is nothing to average, or both a kind and numbers are given.
    """
    if not others and (given or kind != _DEFAULT):
        option = "--weight" if given else "--weights"
        raise RequestError(
            f"{option} weights runs, and --average names none.", hint="--average RUN names another run"
        )
    if not given:
        return kind
    if kind != _DEFAULT:
        raise RequestError("--weights and --weight were both given.", hint="give one of them")
    pairs = parse.parse_pairs("--weight", given)
    return {name: _read_weight(name, text) for name, text in pairs.items()}


def _read_weight(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        message = f"--weight of `{name}` was expected to be a number, found `{text}`."
        raise RequestError(message, hint="for example --weight linear=0.7") from None


def find_average(
    runs: Sequence[Path],
    weights: AverageKind | Mapping[str, float],
    settings: ToolchainSettings,
    *,
    quiet: bool,
) -> Average:
    """Return the average of run directories, and show what is to be known of it."""
    from workbench.process import count_usable_cores
    from workbench.workflow.average import find_average as find
    from workbench.workflow.report import read_runs

    return find(
        read_runs(runs), weights, settings, jobs=count_usable_cores(), progress=console.progress(quiet)
    )
