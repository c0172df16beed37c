"""Methods by their names, as the command line and Python give them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench import tables
from workbench.errors import MethodError
from workbench.methods import INITS, Auto, Laplace, Map, Method, Mle, Nuts, Pathfinder

_WORDS = tuple(word for word in INITS if word != "given")

RETRIES = 2
"""How often sampling is tried again where that is asked for and no number is given."""


def retries(asked: bool | int) -> int:
    """Return how often sampling may be tried again: a number, or whether.

    >>> retries(False), retries(True), retries(3)
    (0, 2, 3)
    """
    if isinstance(asked, bool):
        return RETRIES if asked else 0
    return asked


def starting(
    init: str | os.PathLike[str] | Mapping[str, Any],
) -> tuple[str, tuple[Mapping[str, Any], str] | None]:
    """Return where chains start, in the sampler's word, and the values where they are given.

    Parameters
    ----------
    init
        A word of `methods.INITS`, a JSON file of values by parameter, or these values.

    Raises
    ------
    RequestError
        It is none of them.

    >>> starting("map"), starting({"mu": 1.0})
    (('map', None), ('given', ({'mu': 1.0}, '`init`')))
    """
    if isinstance(init, Mapping):
        return "given", (init, "`init`")
    path = Path(init)
    if not path.suffix and not path.is_file():
        if init not in _WORDS:
            words = ", ".join(_WORDS)
            raise MethodError(f"`init` was expected to be {words} or a JSON file, found `{init}`.")
        return os.fspath(init), None
    if not path.is_file():
        message = f"initial values were expected at `{path}`, but there is no such file."
        raise MethodError(message, hint="check the path")
    values = tables.read(path).values
    if values is None:
        hint = 'initial values look like {"mu": 0.5, "beta": [1, 2]}'
        raise MethodError(f"`init` was expected to be a JSON file of values, found `{path}`.", hint=hint)
    return "given", (values, f"`{path.name}`")


def choose(names: Sequence[str], nuts: Nuts, *, starts: int, profile: Sequence[str]) -> tuple[Method, ...]:
    """Return the methods of some names; without a name, everything but Pathfinder.

    Parameters
    ----------
    names
        `mle`, `map` (both modes), `laplace`, `pathfinder`, `nuts`; or `auto` by itself.
    nuts
        The settings of the sampler.
    starts
        Random starts of each optimisation.
    profile
        Parameters whose profile-likelihood interval is wanted.

    Raises
    ------
    MethodError
        A name is no method, `auto` stands beside others, a profile is wanted without the likelihood, or
        chains would start without warm-up.

    >>> [method.name for method in choose(["laplace"], Nuts(), starts=4, profile=())]
    ['map_unconstrained', 'laplace']
    """
    _check_warmup(nuts)
    likelihood = Mle(starts, tuple(profile))
    modes = (Map(False, starts), Map(True, starts))
    every: dict[str, tuple[Method, ...]] = {
        "mle": (likelihood,),
        "map": modes,
        "laplace": (modes[1], Laplace()),
        "pathfinder": (Pathfinder(),),
        "nuts": (nuts,),
    }
    _check_names(names, tuple(every))
    if profile and names and "mle" not in names:
        raise MethodError("`profile` asks about the likelihood, but `method` leaves mle out.")
    if not names:
        return (likelihood, *modes, Laplace(), nuts)
    if "auto" in names:
        return (Auto(nuts, starts),)
    return tuple({method: None for name in every if name in names for method in every[name]})


def _check_names(names: Sequence[str], every: tuple[str, ...]) -> None:
    for name in names:
        if name not in (*every, "auto"):
            listed = ", ".join(every)
            raise MethodError(f"`method` was expected to be one of {listed} or auto, found `{name}`.")
    if "auto" in names and len(set(names)) > 1:
        raise MethodError("the method auto chooses for itself: it stands alone.")


def _check_warmup(nuts: Nuts) -> None:
    """Refuse to start without warm-up: only a run that goes on from another has a step size and a metric."""
    if nuts.warmup == 0:
        hint = "`workbench continue RUN` goes on from a finished run without another warm-up"
        raise MethodError("`warmup` was expected to be at least 20, found 0.", hint=hint)
