"""The folder of a calibration: its record, a row for each quantity of each fit, a row for each fit, a report.

::

    calibration.json     what was asked, and what came of it
    simulations.parquet  a row for each simulation, method and quantity: truth, rank, mean, SD
    fits.parquet         a row for each simulation and method: time, failure, checks that fired
    report.html          the answer, pictures, tables
    pieces/              finished fits, from which the same command continues

The record comes last and says that all is finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from workbench import files
from workbench.calibration.record import SCHEMA, CalibrationRecord, MethodCalibration
from workbench.calibration.simulated_fit import NUMBERS, SimulatedFit, tabulate_fits
from workbench.errors import RunIncomplete, RunNotFound, StoreError
from workbench.late_imports import LateModule
from workbench.provenance import hash_bytes
from workbench.results.json_values import to_typed
from workbench.results.store import LEAST_SPACE, is_run, refuse_folders
from workbench.results.stored import MOST_BYTES, read_bytes, read_frame, read_json

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq
else:
    pd = LateModule("pandas")
    pa = LateModule("pyarrow")
    pq = LateModule("pyarrow.parquet")

RECORD, TABLE, FITS, REPORT = "calibration.json", "simulations.parquet", "fits.parquet", "report.html"
"""The files of the folder."""

PIECES = "pieces"
"""The folder of finished fits within it."""

_AGAIN = "run `workbench calibrate` again: finished fits are kept"
"""What mends a folder."""


class Calibration:
    """What simulated data sets say about the methods.

    Parameters
    ----------
    record
        The content of `calibration.json`.
    folder
        Where it is.
    """

    def __init__(self, record: CalibrationRecord, folder: Path) -> None:
        self.record = record
        self.folder = folder

    def __repr__(self) -> str:
        """Return the answer."""
        return f"<workbench.Calibration {self.record.sentence} ({self.folder})>"

    @property
    def methods(self) -> dict[str, MethodCalibration]:
        """What is said of each method, by its key."""
        return {item.method: item for item in self.record.methods}

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row for each simulation, method and quantity, as in `simulations.parquet`.

        Raises
        ------
        RunIncomplete
            The file is not the one that the record describes.
        """
        path = self.folder / TABLE
        if hash_bytes(read_bytes(path, MOST_BYTES)) != self.record.table_sha256:
            raise RunIncomplete(f"`{path}` is not the table that `{RECORD}` describes.", hint=_AGAIN)
        frame = read_frame(path, "simulations of a calibration")
        lacking = {"simulation", "method", "quantity", *NUMBERS} - set(frame.columns)
        if lacking:
            raise RunIncomplete(f"`{path}` has no column `{min(lacking)}`.", hint=_AGAIN)
        return frame


def check_place(folder: Path) -> None:
    """Refuse a place where no such folder can be written.

    Raises
    ------
    StoreError
        It holds something else, is a run, is a link or too long, or cannot be written.
    """
    if is_run(folder):
        hint = "choose another folder with --output"
        raise StoreError(f"`{folder}` is a run, where a calibration was to be written.", hint=hint)
    files.check_folder_place(folder, _is_ours, "a calibration", LEAST_SPACE)
    refuse_folders(folder, frozenset({RECORD, TABLE, FITS, REPORT}), "a calibration")


def _is_ours(folder: Path) -> bool:
    """Return whether a folder is a calibration, or one that lost its record: nothing but its other files.

    Its finished fits are taken up again.
    """
    if is_calibration(folder):
        return True
    try:
        names = {path.name for path in folder.iterdir()}
        pieces = [path.name for path in (folder / PIECES).iterdir()]
    except OSError:
        return False
    is_left = all(name.startswith("fits-") and name.endswith(".parquet") for name in pieces)
    return is_left and names <= {PIECES, TABLE, FITS, REPORT}


def is_calibration(folder: Path) -> bool:
    """Return whether a folder has a record of a calibration, whatever that holds."""
    try:
        (folder / RECORD).lstat()
    except (OSError, ValueError):
        return False
    return True


def write_record(folder: Path, record: CalibrationRecord) -> None:
    """Write `calibration.json`.

    Raises
    ------
    StoreError
        It cannot be written.
    """
    files.replace_file(folder / RECORD, msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")


def write_tables(folder: Path, fits: Sequence[SimulatedFit]) -> str:
    """Write both tables, and return the hash of that of quantities.

    Raises
    ------
    StoreError
        A file cannot be written.
    """
    table = _pack(tabulate_fits(fits).replace_schema_metadata(None))
    codes = sorted({code for fit in fits for code in fit.checks})
    rows = {}
    if any(fit.rows is not None for fit in fits):
        errors = [fit.probability_error for fit in fits]
        rows = {
            "rows": pa.array([fit.rows for fit in fits], pa.int32()),
            "probability_error": pa.array(errors, pa.float64()),
        }
    columns = {
        "simulation": pa.array([fit.simulation for fit in fits], pa.int32()),
        "method": pa.array([fit.method for fit in fits], pa.string()),
        **rows,
        "seconds": pa.array([fit.seconds for fit in fits], pa.float64()),
        "failure": pa.array([fit.failure or None for fit in fits], pa.string()),
        **{code: pa.array([fit.checks.get(code) for fit in fits], pa.bool_()) for code in codes},
    }
    files.replace_file(folder / TABLE, table)
    files.replace_file(folder / FITS, _pack(pa.table(columns)))
    return hash_bytes(table)


def _pack(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content: bytes = sink.getvalue().to_pybytes()
    return content


def read(folder: Path) -> Calibration:
    """Read a finished calibration back.

    Raises
    ------
    RunNotFound, RunIncomplete
        There is none, it is unfinished, or its record is not as documented.
    """
    if not is_calibration(folder):
        hint = _AGAIN if _is_ours(folder) else "`workbench calibrate` makes such a folder"
        raise RunNotFound(f"a calibration was expected in `{folder}`, but it has no `{RECORD}`.", hint=hint)
    try:
        content = read_json(folder / RECORD)
    except RunIncomplete as reason:
        raise RunIncomplete(reason.message, hint=_AGAIN) from reason
    if content.get("schema") != SCHEMA:
        schema = str(content.get("schema"))[:40]
        raise RunIncomplete(
            f"the calibration in `{folder}` has schema {schema}; this workbench reads {SCHEMA}."
        )
    record = to_typed(content, CalibrationRecord, RECORD, _AGAIN)
    if not record.is_finished:
        message = f"the calibration in `{folder}` is unfinished."
        raise RunIncomplete(message, hint=f"to continue: {record.command or 'run the same command again'}")
    return Calibration(record, folder)
