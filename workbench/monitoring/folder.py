"""The folder of a monitor: its journal, and beside it what its events name by hash.

A file is written before the event that names it. So an event is there with all its files or not at all, and
whatever ended a command, the next one goes on from the last event.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench import files, tables
from workbench.errors import MonitorDamaged, MonitorNotFound, RunIncomplete, StoreError
from workbench.journal import EVENTS, LOCK, Journal, JournalKind, hold_job
from workbench.late_imports import LateModule
from workbench.monitoring.events import Content
from workbench.monitoring.state import MonitorState, apply_event
from workbench.provenance import hash_bytes
from workbench.results.stored import read_bytes
from workbench.tables import Table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
else:
    pa = LateModule("pyarrow")
    pd = LateModule("pandas")

ROWS = "rows"
ARRAYS = "arrays"
FITS = "fits"
"""The folders of a monitor: the rows of each batch, what was computed of them, and fits with these rows."""

JOB_LOCK = ".job.lock"
"""The lock of a monitor's jobs."""

_MOST_BYTES = 2**31
"""The longest file of a batch [bytes]. Ours."""

Arrays = Mapping[str, NDArray[np.generic]]
"""What was computed of a batch, by name."""


@dataclass(frozen=True)
class MonitorFolder:
    """The state of a monitor on disk.

    Attributes
    ----------
    path
        The folder; the first event makes it.
    author
        Who writes, as events have it.
    remarks
        What was mended on the way, in words.
    """

    path: Path
    author: str = ""
    remarks: list[str] = field(default_factory=list, compare=False, repr=False)

    def exists(self) -> bool:
        """Return whether anything was monitored here."""
        return os.path.lexists(self.path / EVENTS)

    def read(self) -> MonitorState:
        """Return the state after all events, checked.

        Raises
        ------
        MonitorNotFound, MonitorDamaged
            There is none, or it is not as it was written.
        """
        return self._open_journal().read_state()

    @contextmanager
    def hold(self, what: str) -> Iterator[None]:
        """Hold the lock of a job; nobody else monitors here meanwhile. The folder is made where missing.

        Raises
        ------
        JobRunning, StoreError
            Somebody else does, or the folder holds something else or cannot be written.
        """
        if not self.exists():
            _check_new(self.path)
        with files.explained(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        with hold_job(self.path / JOB_LOCK, what):
            yield

    def append(self, content: Content) -> MonitorState:
        """Add an event, and return the state after it.

        Raises
        ------
        StoreError
            It cannot be written; the state is as before.
        """
        with self._open_journal().open() as writer:
            writer.append(content, self.author)
            return writer.state

    def _open_journal(self) -> Journal[Content, MonitorState]:
        return Journal(_KIND, self.path, self.remarks)

    def write_table(self, table: Table) -> str:
        """Keep rows in a Parquet file, and return its hash."""
        import pyarrow.parquet as pq

        sink = pa.BufferOutputStream()
        pq.write_table(table.cells.replace_schema_metadata(None), sink)
        return self._write(ROWS, ".parquet", sink.getvalue().to_pybytes())

    def read_table(self, name: str, label: str) -> Table:
        """Return the rows of a file by its hash; `label` is what they are called.

        Raises
        ------
        MonitorDamaged
            The file is missing or was changed.
        """
        content = self._read(ROWS, name, ".parquet")
        import pyarrow.parquet as pq

        try:
            return Table(Path(label), name, pq.read_table(pa.BufferReader(content)))
        except (pa.ArrowException, OSError) as reason:
            message = f"`{self.path / ROWS / name}.parquet` does not hold the rows of a batch."
            raise MonitorDamaged(message) from reason

    def write_arrays(self, arrays: Arrays) -> str:
        """Keep arrays of numbers in a file, and return its hash."""
        sink = io.BytesIO()
        np.savez_compressed(sink, **{name: np.asarray(values) for name, values in arrays.items()})  # type: ignore[arg-type]
        return self._write(ARRAYS, ".npz", sink.getvalue())

    def read_arrays(self, name: str, wanted: Sequence[str] | None = None) -> dict[str, NDArray[np.float64]]:
        """Return the arrays of a file by its hash; some of them, or all.

        Raises
        ------
        MonitorDamaged
            The file is missing or was changed, or lacks an array.
        """
        content = self._read(ARRAYS, name, ".npz")
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as held:
                return {key: held[key] for key in (held.files if wanted is None else wanted)}
        except (ValueError, KeyError, OSError, zipfile.BadZipFile) as reason:
            message = f"`{self.path / ARRAYS / name}.npz` does not hold what was computed of a batch."
            raise MonitorDamaged(message) from reason

    def _write(self, folder: str, ending: str, content: bytes) -> str:
        name = hash_bytes(content)
        place = self.path / folder / f"{name}{ending}"
        if not os.path.lexists(place) or hash_bytes(_read_plain(place)) != name:
            files.replace_file(place, content)
        return name

    def _read(self, folder: str, name: str, ending: str) -> bytes:
        place = self.path / folder / f"{name}{ending}"
        try:
            content = read_bytes(place, _MOST_BYTES)
        except RunIncomplete as reason:
            raise MonitorDamaged(reason.message, hint="bring the file back from a copy") from reason
        if hash_bytes(content) != name:
            message = f"`{place}` was changed after it was written: its hash does not fit."
            raise MonitorDamaged(message, hint="bring the file back from a copy")
        return content


def _read_plain(path: Path) -> bytes:
    """Return the content of a file that a command may have left; empty where it cannot be read."""
    try:
        return read_bytes(path, _MOST_BYTES)
    except StoreError:
        return b""


def hash_rows(table: Table, columns: Sequence[str]) -> NDArray[np.uint64]:
    """Return a hash of each row in some columns, `(n,)`: equal for equal cells, whatever file they were in.

    Numbers are compared as numbers, everything else as text.
    """
    frame = {}
    for name in sorted(columns):
        cells = table.cells.column(name)
        is_number = pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type)
        if is_number or pa.types.is_boolean(cells.type):
            numbers = cells.cast(pa.float64(), safe=False).to_numpy()
            frame[name] = np.where(np.isnan(numbers), np.nan, numbers + 0.0)  # one zero, one missing number
        else:
            texts = tables.to_texts(table, name).to_pylist()
            frame[name] = np.array(["" if text is None else f"={text}" for text in texts], dtype=object)
    found: NDArray[Any] = pd.util.hash_pandas_object(pd.DataFrame(frame), index=False).to_numpy()
    return found


def name_rows(hashes: NDArray[np.uint64], columns: Sequence[str]) -> str:
    """Return the hash of rows in any order, from those of each."""
    return hash_bytes("\n".join(sorted(columns)).encode() + b"\0" + np.sort(hashes).astype("<u8").tobytes())


def _describe_missing(folder: Path) -> MonitorNotFound:
    hint = "`workbench monitor NAME BATCH` begins; --state DIR names another folder"
    return MonitorNotFound(f"the state of a monitor was expected in `{folder}`; there is none.", hint=hint)


def _check_new(folder: Path) -> None:
    """Refuse to begin where there is something else.

    Raises
    ------
    MonitorDamaged, StoreError
        The folder holds files of a monitor without its events, or something that is not ours.
    """
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise StoreError(f"the state of a monitor was expected in `{folder}`, which is not a folder.")
    held = sorted(path.name for path in folder.iterdir() if path.name not in (LOCK, JOB_LOCK))
    if (folder / ROWS).is_dir() and (folder / ARRAYS).is_dir() and set(held) - {ROWS, ARRAYS, FITS}:
        message = f"`{folder}` holds rows of a monitor, but `{EVENTS}` is missing."
        raise MonitorDamaged(message, hint="bring the file back from a copy")
    others = [name for name in held if name not in (ROWS, ARRAYS, FITS)]
    if others:
        message = f"`{folder}` is not a monitor's: it holds `{others[0]}`, and there is no `{EVENTS}`."
        raise StoreError(message, hint="name a folder that is empty or does not exist with --state")


_KIND: JournalKind[Content, MonitorState] = JournalKind(
    "a monitor", Content, MonitorDamaged, _describe_missing, _check_new, MonitorState(), apply_event
)
"""What the journal of a monitor is."""
