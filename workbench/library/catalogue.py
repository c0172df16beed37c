"""The bundled models, found in a checkout and in an installed package alike."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from workbench import card
from workbench.card import Card
from workbench.errors import RequestError
from workbench.provenance import hash_texts
from workbench.tables import Table, no_data

D = TypeVar("D")
"""Data as the caller has them."""

FAMILIES = ("conjugate", "regression", "hierarchical")
"""The families, in the order of a course."""

_MOST_SUGGESTIONS = 3
"""How many similar names a hint lists."""


@dataclass(frozen=True)
class BundledModel:
    """A bundled model.

    Attributes
    ----------
    name
        Its name on the command line.
    family
        One of `FAMILIES`.
    program
        The Stan program; its card is beside it.
    table
        The CSV file with the table that the model is shown on.
    """

    name: str
    family: str
    program: Path
    table: Path

    @property
    def card(self) -> Card:
        """Its card: story, units, hyperparameters."""
        return card.read(self.program)


def find_home() -> Path:
    """Return the folder that holds `stan_models/` and `data/`.

    A wheel has both inside the package; in a checkout they are beside it.
    """
    package = Path(__file__).parents[1]
    bundled = package / "bundled"
    return bundled if bundled.is_dir() else package.parent


@cache
def list_models() -> tuple[BundledModel, ...]:
    """Return every bundled model, family by family."""
    return tuple(
        BundledModel(program.stem, family, program, find_home() / "data" / f"{card.read(program).table}.csv")
        for family, program in _list_programs()
    )


def list_names() -> tuple[str, ...]:
    """Return the names of the bundled models without reading their cards."""
    return tuple(program.stem for _, program in _list_programs())


def _list_programs() -> list[tuple[str, Path]]:
    folder = find_home() / "stan_models"
    return [(family, program) for family in FAMILIES for program in sorted((folder / family).glob("*.stan"))]


def find(name: str) -> BundledModel:
    """Return the bundled model with a name.

    Raises
    ------
    RequestError
        There is none with that name; the hint lists similar names.
    """
    by_name = {model.name: model for model in list_models()}
    if name in by_name:
        return by_name[name]
    close = [f"`{known}`" for known in difflib.get_close_matches(name, by_name, _MOST_SUGGESTIONS)]
    hint = f"did you mean {' or '.join(close)}?" if close else "`workbench models` lists them"
    raise RequestError(f"there is no bundled model called `{name}`.", hint=hint)


def resolve(text: str | os.PathLike[str]) -> tuple[Path, Path | None]:
    """Return the program that an argument means, and its own table if it is a bundled model.

    A file of that name has priority. Otherwise an argument without a folder and without `.stan` is the name
    of a bundled model or, if there is none, of the file `NAME.stan`.

    Raises
    ------
    RequestError
        There is no bundled model with that name.

    >>> resolve("beta_binomial")[1].name
    'mendel_peas.csv'
    >>> resolve("my_model.stan")[1] is None
    True
    """
    path = Path(text)
    if path.is_file() or path.suffix or path.name != os.fspath(text):
        return path, None
    beside = path.with_suffix(".stan")
    if path.name not in list_names() and beside.is_file():
        return beside, None
    model = find(path.name)
    return model.program, model.table


def resolve_data(text: str | os.PathLike[str], data: D | None) -> tuple[Path, D | Path | Table]:
    """Return the program that an argument means, and its data.

    The data are those given, else the table of a bundled model, else none: a program may need no data.

    Raises
    ------
    RequestError
        There is no such bundled model.
    """
    program, own_table = resolve(text)
    return program, data if data is not None else own_table or no_data()


def find_by_hash(sha256: str) -> BundledModel | None:
    """Return the bundled model whose program has this hash, as `Program.sha256` computes it."""
    for model in list_models():
        if hash_texts(model.program.read_text(encoding="utf-8")) == sha256:
            return model
    return None
