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
from workbench.provenance import hash_parts
from workbench.tables import NO_DATA, Table

D = TypeVar("D")

FAMILIES = ("conjugate", "regression", "hierarchical")
"""The families, in the order of a course."""

_SHOWN = 3


@dataclass(frozen=True)
class Model:
    """A bundled model.

    Attributes
    ----------
    name
        What it is called on the command line.
    family
        `conjugate`, `regression` or `hierarchical`.
    program
        The Stan program; its card lies beside it.
    table
        The table it is shown on, a CSV file.
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

    A wheel carries both inside the package; in a checkout they lie beside it.
    """
    package = Path(__file__).parents[1]
    inside = package / "bundled"
    return inside if inside.is_dir() else package.parent


@cache
def list_models() -> tuple[Model, ...]:
    """Return every bundled model, family by family."""
    return tuple(
        Model(program.stem, family, program, find_home() / "data" / f"{card.read(program).table}.csv")
        for family in FAMILIES
        for program in sorted((find_home() / "stan_models" / family).glob("*.stan"))
    )


def list_names() -> tuple[str, ...]:
    """Return the names of the bundled models; no card is read for it."""
    folder = find_home() / "stan_models"
    return tuple(program.stem for family in FAMILIES for program in sorted((folder / family).glob("*.stan")))


def find(name: str) -> Model:
    """Return the bundled model of a name.

    Raises
    ------
    RequestError
        There is none of that name; the hint has those that are near.
    """
    found = {model.name: model for model in list_models()}
    if name in found:
        return found[name]
    close = difflib.get_close_matches(name, list_names(), _SHOWN)
    hint = f"did you mean {' or '.join(f'`{one}`' for one in close)}?" if close else None
    raise RequestError(
        f"a bundled model was expected, but there is none called `{name}`.",
        hint=hint or "`workbench models` lists them",
    )


def resolve(text: str | os.PathLike[str]) -> tuple[Path, Path | None]:
    """Return the program that a word on the command line means, and its own table if it is a bundled one.

    A file of that name goes first; then a word without folder and `.stan` is the name of a bundled model.

    Raises
    ------
    RequestError
        It is such a word, but no bundled model has that name.

    >>> resolve("beta_binomial")[1].name
    'mendel_peas.csv'
    >>> resolve("my_model.stan")[1] is None
    True
    """
    path = Path(text)
    if path.is_file() or path.suffix or path.name != os.fspath(text):
        return path, None
    model = find(path.name)
    return model.program, model.table


def resolve_data(text: str | os.PathLike[str], data: D | None) -> tuple[Path, D | Path | Table]:
    """Return the program that a word means and its data.

    They are those given, else a bundled model's own table, else nothing: a program may need no data.

    Raises
    ------
    RequestError
        There is no such bundled model.
    """
    program, own = resolve(text)
    return program, data if data is not None else own or NO_DATA


def find_by_hash(sha256: str) -> Model | None:
    """Return the bundled model whose program has this hash, as `Program.sha256` computes it."""
    for model in list_models():
        if hash_parts(model.program.read_text(encoding="utf-8")) == sha256:
            return model
    return None
