"""The settings of methods, from the names and words that the command line and Python take."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from workbench import tables
from workbench.errors import MethodError
from workbench.methods import INITS, Auto, Laplace, Map, Method, Mle, Nuts, Pathfinder
from workbench.provenance import format_install

_INIT_WORDS = tuple(word for word in INITS if word != "given")
"""The words that `init` takes; values of parameters stand for `given`."""

NUTPIE = "0.16"
"""The versions of nutpie that are supported: others differ in what its models are made from."""

RETRIES = 2
"""How often sampling is tried again where a retry is wanted and no number is given."""


def count_retries(retry: bool | int) -> int:
    """Return how often sampling may be tried again: as a number says, or whether at all.

    >>> count_retries(False), count_retries(True), count_retries(3)
    (0, 2, 3)
    """
    if isinstance(retry, bool):
        return RETRIES if retry else 0
    return retry


def read_init(
    init: str | os.PathLike[str] | Mapping[str, Any],
) -> tuple[str, tuple[Mapping[str, Any], str] | None]:
    """Return the sampler's word for where chains start, and the initial values with their origin, if any.

    Parameters
    ----------
    init
        A word of `methods.INITS`, a JSON file of values by parameter, or these values.

    Raises
    ------
    MethodError
        It is none of them.

    >>> read_init("map"), read_init({"mu": 1.0})
    (('map', None), ('given', ({'mu': 1.0}, '`init`')))
    """
    if isinstance(init, Mapping):
        return "given", (init, "`init`")
    path = Path(init)
    if not path.suffix and not path.exists():
        if init not in _INIT_WORDS:
            words = ", ".join(_INIT_WORDS)
            raise MethodError(f"`init` was expected to be {words} or a JSON file, found `{init}`.")
        return os.fspath(init), None
    if not path.exists():
        message = f"initial values were expected at `{path}`, but there is no such file."
        raise MethodError(message, hint="check the path")
    values = tables.read(path).values
    if values is None:
        hint = 'initial values look like {"mu": 0.5, "beta": [1, 2]}'
        raise MethodError(f"`init` was expected to be a JSON file of values, found `{path}`.", hint=hint)
    return "given", (values, f"`{path.name}`")


def choose_methods(
    names: Sequence[str], nuts: Nuts, *, starts: int, profile: Sequence[str], bic_count: int | None = None
) -> tuple[Method, ...]:
    """Return the methods of some names; without a name, all methods but Pathfinder.

    Parameters
    ----------
    names
        `mle`, `map` (both modes), `laplace`, `pathfinder`, `nuts`; or `auto` by itself.
    nuts
        The settings of the sampler.
    starts
        Random starts of each optimisation.
    profile
        Parameters that get a profile-likelihood interval.
    bic_count
        The sample size of the BIC; `None` for the number of rows.

    Raises
    ------
    MethodError
        A name is not a method, `auto` stands beside others, a profile or a count is wanted without the MLE,
        chains would start without warm-up, or the sampler is not installed.

    >>> [method.name for method in choose_methods(["laplace"], Nuts(), starts=4, profile=())]
    ['map_unconstrained', 'laplace']
    """
    check_sampler(nuts)
    likelihood = Mle(starts, tuple(profile), bic_count)
    modes = (Map(False, starts), Map(True, starts))
    methods_by_name: dict[str, tuple[Method, ...]] = {
        "mle": (likelihood,),
        "map": modes,
        "laplace": (modes[1], Laplace()),
        "pathfinder": (Pathfinder(),),
        "nuts": (nuts,),
    }
    _check_names(names, tuple(methods_by_name))
    if profile and names and "mle" not in names:
        raise MethodError("`profile` needs the likelihood, but `method` leaves mle out.")
    if bic_count is not None and names and "mle" not in names:
        raise MethodError("`bic_count` needs the likelihood, but `method` leaves mle out.")
    if not names:
        return (likelihood, *modes, Laplace(), nuts)
    if "auto" in names:
        return (Auto(nuts, starts),)
    chosen = (method for name, methods in methods_by_name.items() if name in names for method in methods)
    return tuple(dict.fromkeys(chosen))


def _check_names(names: Sequence[str], known: tuple[str, ...]) -> None:
    for name in names:
        if name not in (*known, "auto"):
            listed = ", ".join(known)
            raise MethodError(f"`method` was expected to be one of {listed} or auto, found `{name}`.")
    if "auto" in names and len(set(names)) > 1:
        raise MethodError("`method` was expected to be auto alone: auto chooses the methods itself.")


def check_sampler(nuts: Nuts) -> None:
    """Refuse to start without warm-up, or without the sampler.

    Only the continuation of a run has a step size and a metric to start from.

    Raises
    ------
    MethodError
        There is no warm-up, or the sampler is not installed.
    """
    if nuts.warmup == 0:
        hint = "`workbench continue RUN` adds draws to a finished run without another warm-up"
        raise MethodError("`warmup` was expected to be at least 20, found 0.", hint=hint)
    check_installed(nuts)


def check_installed(nuts: Nuts) -> None:
    """Refuse a sampler that is not installed, or of another version than ours; nothing is imported for that.

    Raises
    ------
    MethodError
        The message names the sampler, the hint how to install it.
    """
    if nuts.sampler != "nutpie":
        return
    hint = format_install("nutpie")
    try:
        version = metadata.version("nutpie")
    except metadata.PackageNotFoundError:
        raise MethodError("the sampler nutpie is not installed.", hint=hint) from None
    if not re.match(rf"{re.escape(NUTPIE)}\b", version):
        raise MethodError(f"nutpie was expected in a version {NUTPIE}, found {version}.", hint=hint)
