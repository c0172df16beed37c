"""By what a run is known again: what its draws say of each quantity."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from workbench.errors import RunIncomplete
from workbench.provenance import hash_text
from workbench.results.store import RECORD, STUDY, STUDY_RECORD
from workbench.results.stored import MOST_BYTES, read_bytes


class _HasMean(Protocol):
    @property
    def mean(self) -> float | None: ...

    @property
    def sd(self) -> float | None: ...


class _MeanAndSd(msgspec.Struct, frozen=True):
    mean: float | None = None
    sd: float | None = None


class _Means(msgspec.Struct, frozen=True):
    estimates: Mapping[str, _MeanAndSd] = {}


class _RunOrStudy(msgspec.Struct, frozen=True):
    """What is read of the record of a run, or of a study."""

    nuts: _Means = _Means()
    run_hash: str = ""


def hash_estimates(estimates: Mapping[str, _HasMean]) -> str:
    """Return a hash of the mean and SD of every quantity: the same request gives the same, another does not.

    Parameters
    ----------
    estimates
        Those of NUTS, by Stan's name.
    """
    numbers = [(name, estimate.mean, estimate.sd) for name, estimate in sorted(estimates.items())]
    return hash_text(json.dumps(numbers))


def is_of_earlier_run(study: Path) -> bool:
    """Return whether a study in the folder of a run is about a run that was in its place before.

    Parameters
    ----------
    study
        The study directory; one elsewhere, or whose record does not tell its run, is of no earlier one.
    """
    study = study.absolute()
    if study.name != STUDY:
        return False
    try:
        known = _read(study / STUDY_RECORD).run_hash
        return known not in ("", hash_estimates(_read(study.parent / RECORD).nuts.estimates))
    except (RunIncomplete, OSError, ValueError, RecursionError):  # none that could be compared
        return False


def _read(record: Path) -> _RunOrStudy:
    return msgspec.json.decode(read_bytes(record, MOST_BYTES), type=_RunOrStudy)
