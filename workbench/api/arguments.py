"""What every verb takes: data in any form, one name or several, and options by the names they have here."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from workbench import tables
from workbench.api.spelling import respell
from workbench.errors import MethodError, RequestError, WorkbenchError
from workbench.late_imports import LateModule
from workbench.progress import Progress, choose_display
from workbench.tables import Table

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LateModule("pandas")

Data = str | Path | pd.DataFrame | Mapping[str, Any] | None
"""What holds a table: a file, a DataFrame, a dict of columns, or a dict of Stan's data."""

P = ParamSpec("P")
T = TypeVar("T")

NAMES_ELSEWHERE = {
    "chain_ids": "chains are numbered from 0",
    "cores": "jobs=4",
    "cpp_options": "compiler='clang++', native=True or threads=2",
    "inits": "init={'mu': 0.5}",
    "iter": "draws=1000 (kept draws of each chain) and warmup=1000",
    "iter_sampling": "draws=1000",
    "iter_warmup": "warmup=1000",
    "decisions": "decision=['P(mu>0)>0.95']",
    "max_depth": "max_treedepth=10",
    "methods": "method=['mle', 'nuts']",
    "num_chains": "chains=4",
    "num_samples": "draws=1000",
    "num_warmup": "warmup=1000",
    "nuts_sampler": "sampler='nutpie'",
    "output_dir": "output='folder'",
    "parallel_chains": "jobs=4",
    "random_seed": "seed=1",
    "refresh": "progress=False",
    "show_console": "`console.log` in the run directory holds what Stan printed",
    "show_progress": "progress=False",
    "stan_file": "the program, as the first argument",
    "stanc_options": "stanc's own options are not passed on",
    "target_accept": "adapt_delta=0.9",
    "thin": "all draws are kept; fit.posterior.isel(draw=slice(None, None, 2)) takes every second",
    "threads_per_chain": "threads=2",
    "tune": "warmup=1000",
}
"""Options of CmdStanPy, PyMC and RStan, and what they are here."""


def explain_options(function: Callable[P, T]) -> Callable[P, T]:
    """Wrap a function so that its errors, one about an unknown option too, name options as Python does."""
    known = inspect.signature(function).parameters

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        for name in kwargs:
            if name not in known:
                refuse_option(name, function.__qualname__, known)
        try:
            return function(*args, **kwargs)
        except WorkbenchError as error:
            respell(error)
            raise

    return wrapped


def refuse_option(name: str, function: str, known: Mapping[str, Any]) -> None:
    """Refuse an option, with what it is here where it is known from elsewhere.

    Raises
    ------
    MethodError
        Always.
    """
    options = [option for option in known if option not in ("self", "model", "data", "fit", "fits")]
    ours = NAMES_ELSEWHERE.get(name, "")
    close = difflib.get_close_matches(name, options, 2)
    if ours and ("=" not in ours or ours.partition("=")[0] in options):
        hint = ours
    elif close:
        hint = f"did you mean {' or '.join(f'`{option}`' for option in close)}?"
    else:
        hint = f"the options are {', '.join(options)}"
    raise MethodError(f"`{name}` is not an option of `{function.removesuffix('.__init__')}`.", hint=hint)


def as_table(data: Data) -> Table:
    """Return data as a table, whatever holds them.

    Raises
    ------
    RequestError
        They are of no kind that holds a table.
    """
    if isinstance(data, (str, Path)):
        return tables.read(Path(data))
    if isinstance(data, pd.DataFrame):
        return tables.from_frame(data)
    if isinstance(data, Mapping):
        return tables.from_mapping(data)
    raise RequestError(
        f"data were expected as a path, a DataFrame or a dict, found {type(data).__name__}.",
        hint="pandas.DataFrame(...) takes most things that look like a table",
    )


def as_path(path: str | Path | None) -> Path | None:
    """Return a path, or `None` where there is none."""
    return None if path is None else Path(path)


def list_names(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return names given one by one or together."""
    return (names,) if isinstance(names, str) else tuple(names)


def list_columns(columns: Mapping[str, str | Sequence[str]] | None) -> dict[str, tuple[str, ...]]:
    """Return the columns of each Stan variable.

    Raises
    ------
    MethodError
        They are not given by variable.
    """
    if columns is not None and not isinstance(columns, Mapping):
        raise MethodError(
            f"`columns` was expected to be a dict by Stan variable, found `{columns}`.",
            hint='for example columns={"y": "score", "X": ["age", "income"]}',
        )
    return {name: list_names(named) for name, named in (columns or {}).items()}


def show_progress(is_shown: bool) -> Progress:
    """Return where progress is shown: nowhere unless it is wanted."""
    return choose_display(is_quiet=not is_shown)


def choose_scaled_roles(scale: str) -> tuple[str, ...]:
    """Return the roles that count as prior: `prior`, or with `latent` both.

    Raises
    ------
    MethodError
        The word is neither.
    """
    if scale not in ("prior", "latent"):
        raise MethodError(f"`scale` was expected to be prior or latent, found `{scale}`.")
    return ("prior",) if scale == "prior" else ("prior", "latent")
