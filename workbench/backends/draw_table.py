"""The draws of a run as they come in: what is not kept of them takes no memory."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from workbench import process
from workbench.backends.base import KEEP_ALL, Floats, RawRun, Selection
from workbench.backends.row_sample import RowSampler
from workbench.errors import ChainFailed
from workbench.thresholds import BYTES_PER_DRAWN_NUMBER, MANY_LOO_ROWS

_END_OF_NAME = re.compile(r"[.\[]")
"""Where the name of a variable ends in that of a column."""


class DrawTable:
    """Draws of several chains, received in blocks, of which a selection keeps a part."""

    def __init__(self, selection: Selection, columns: tuple[str, ...], chains: int, draws: int) -> None:
        """Make room for what the selection keeps of the columns, in so many chains of so many draws."""
        is_pointwise = _find_columns(columns, selection.pointwise)
        is_left_out = _find_columns(columns, selection.left_out)
        count = int((is_pointwise & ~is_left_out).sum())
        positions = selection.choose_positions(chains, draws, count)
        is_thinned = count > 0 and len(positions) < draws
        self._columns = np.array(columns, dtype=object)
        self._shape = (chains, draws)
        self._positions = positions if is_thinned else None
        self._own = np.flatnonzero(~is_left_out & ~(is_pointwise & is_thinned))
        self._pointwise = np.flatnonzero(~is_left_out & is_pointwise & is_thinned)
        self._samples = np.ravel(np.arange(chains)[:, None] * draws + positions)
        self._table = np.empty((chains * draws, len(self._own)))
        self._thinned = np.empty((len(self._samples), len(self._pointwise)))
        self._sampler = None
        sampled = np.flatnonzero(_find_columns(columns, frozenset([selection.sampled])) & ~is_left_out)
        if is_thinned and selection.sampled and len(sampled) > MANY_LOO_ROWS:
            self._sampler = RowSampler(list(self._columns[sampled]), sampled, chains, draws)

    @property
    def width(self) -> int:
        """The numbers of a row, before a part of them is kept."""
        return len(self._columns)

    def find_place(self, start: int, stop: int) -> Floats | None:
        """Return where rows go as they are; `None` where only a part of them is kept."""
        is_whole = len(self._own) == self.width
        return self._table[start:stop] if is_whole else None

    def take(self, start: int, rows: Floats) -> None:
        """Keep what is selected of rows `(sample, column)`, the first of which has this number."""
        stop = start + len(rows)
        np.take(rows, self._own, axis=1, out=self._table[start:stop])
        first, last = np.searchsorted(self._samples, [start, stop])
        if last > first and len(self._pointwise):
            chosen = rows[self._samples[first:last] - start]
            np.take(chosen, self._pointwise, axis=1, out=self._thinned[first:last])
        if self._sampler is not None:
            self._sampler.take(start, rows)

    def fill(self, run: RawRun) -> RawRun:
        """Return a run with these draws."""
        columns = tuple(self._columns[self._own])
        table = self._table.reshape(*self._shape, len(columns))
        pointwise = None
        if self._positions is not None:
            names = tuple(self._columns[self._pointwise])
            shape = (self._shape[0], len(self._positions), len(names))
            pointwise = RawRun(names, self._thinned.reshape(shape), positions=self._positions)
        row_sample = None if self._sampler is None else self._sampler.finish()
        return replace(run, columns=columns, draws=table, pointwise=pointwise, row_sample=row_sample)


class ChosenColumns:
    """Some columns of rows that are received in blocks."""

    def __init__(self, columns: tuple[str, ...], names: tuple[str, ...], rows: int) -> None:
        """Make room for the named columns of so many rows.

        Raises
        ------
        ChainFailed
            The program has no such quantity.
        """
        places = {column: place for place, column in enumerate(columns)}
        missing = [name for name in names if name not in places]
        if missing:
            raise ChainFailed(f"the program was expected to compute `{missing[0]}`, and does not.")
        self.width = len(columns)
        self._names = names
        self._values = np.empty((rows, len(names)))
        self._places = np.array([places[name] for name in names], dtype=np.int64)

    def find_place(self, start: int, stop: int) -> Floats | None:
        """Return `None`: rows do not go in as they are."""
        del start, stop
        return None

    def take(self, start: int, rows: Floats) -> None:
        """Keep the chosen columns of rows `(sample, column)`, the first of which has this number."""
        np.take(rows, self._places, axis=1, out=self._values[start : start + len(rows)])

    def fill(self, run: RawRun) -> RawRun:
        """Return a run with these draws, in one chain."""
        return replace(run, columns=self._names, draws=self._values[None])


def check_memory(selection: Selection, columns: tuple[str, ...], chains: int, draws: int) -> None:
    """Refuse draws for which this machine has too little free memory, before they are computed.

    Raises
    ------
    ChainFailed
        The message says how much they take, how much is free, and which variable takes most of it.
    """
    is_pointwise = _find_columns(columns, selection.pointwise)
    is_left_out = _find_columns(columns, selection.left_out)
    positions = selection.choose_positions(chains, draws, int((is_pointwise & ~is_left_out).sum()))
    whole, thinned = ~is_left_out & ~is_pointwise, ~is_left_out & is_pointwise
    numbers = chains * (draws * int(whole.sum()) + len(positions) * int(thinned.sum()))
    needed, free = numbers * BYTES_PER_DRAWN_NUMBER, process.measure_available_memory()
    if needed <= free:
        return
    owners = Counter(_END_OF_NAME.split(columns[i], maxsplit=1)[0] for i in np.flatnonzero(~is_left_out))
    largest, count = owners.most_common(1)[0]
    raise ChainFailed(
        f"{chains * draws:,} draws of {sum(owners.values()):,} quantities take about {needed / 1e9:.1f} GB "
        f"of memory, and {free / 1e9:.1f} GB are free. Most of them belong to `{largest}` ({count:,}): "
        "`--keep` and `--pointwise-draws` store less of each draw, `--draws` asks for fewer."
    )


@lru_cache(maxsize=8)
def _find_columns(columns: tuple[str, ...], names: frozenset[str]) -> NDArray[np.bool_]:
    """Return whether each column is an element, or a part of an element, of one of the named variables."""
    if not names:
        return np.zeros(len(columns), dtype=bool)
    return np.array([_END_OF_NAME.split(column, maxsplit=1)[0] in names for column in columns], dtype=bool)


def select(selection: Selection, run: RawRun) -> RawRun:
    """Return what a selection keeps of a run that holds everything."""
    if selection == KEEP_ALL:
        return run
    chains, draws = run.draws.shape[:2]
    table = DrawTable(selection, run.columns, chains, draws)
    if table.find_place(0, 0) is not None:
        return run
    table.take(0, run.draws.reshape(chains * draws, -1))
    return table.fill(run)
