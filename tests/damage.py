"""Damage to the files of runs and studies, by a seed: bytes, the structure of JSON, and arrays in HDF5."""

from __future__ import annotations

import copy
import json
import random
import shutil
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from workbench.errors import WorkbenchError

ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1,
    7,
    2**40,
    10**400,
    0.5,
    1e308,
    -1e-300,
    "",
    "x" * 5000,
    "../../outside",
    "/etc/passwd",
    "nul\x00byte",
    "\x1b[31mred",
    "nan",
    [],
    {},
    [[]],
    [None],
    {"": {}},
    [1, "a", None],
    ["x"],
)
"""Values that stand where others are expected."""


class TooSlow(BaseException):
    """A command did not end in time."""


def damage_folder(source: Path, target: Path, record: str, rng: random.Random) -> str:
    """Copy a run or a study and damage it; return in words what was done."""
    shutil.copytree(source, target)
    others = sorted(path.name for path in target.iterdir() if path.suffix in (".nc", ".parquet"))
    kinds: list[Callable[[], str]] = [
        lambda: _damage_json(target / record, rng),
        lambda: _damage_json(target / record, rng),
        lambda: _damage_json(target / record, rng),
        lambda: _damage_bytes(target / record, rng),
        lambda: _damage_bytes(target / rng.choice(others), rng),
    ]
    if (target / "fit.nc").exists():
        kinds += [lambda: _damage_arrays(target / "fit.nc", rng)] * 3
    return rng.choice(kinds)()


def _damage_bytes(path: Path, rng: random.Random) -> str:
    content = bytearray(path.read_bytes())
    kind = rng.choice(["flip", "flip", "cut", "zero", "remove", "swap", "header"])
    if kind == "flip":
        for _ in range(rng.choice([1, 1, 3, 30])):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    elif kind == "header":
        for _ in range(rng.choice([1, 4])):
            content[rng.randrange(min(len(content), 3000))] = rng.randrange(256)
    elif kind == "cut":
        del content[rng.randrange(len(content)) :]
    elif kind == "zero":
        at = rng.randrange(len(content))
        content[at : at + 100] = bytes(len(content[at : at + 100]))
    elif kind == "swap":
        at, to = sorted(rng.randrange(len(content)) for _ in range(2))
        content[at : at + 50] = content[to : to + 50]
    path.unlink()
    if kind != "remove":
        path.write_bytes(content)
    return f"{kind} bytes of {path.name}"


def _damage_json(path: Path, rng: random.Random) -> str:
    content = json.loads(path.read_text(encoding="utf-8"))
    done = []
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        container, key, name = _choose_place(content, rng)
        kind = rng.choice(["value", "value", "value", "drop", "drop", "swap", "deep", "double", "sign"])
        if kind == "value":
            container[key] = copy.deepcopy(rng.choice(ODD_VALUES))  # later damage may change it
        elif kind == "drop":
            del container[key]
        elif kind == "swap":
            container[key] = json.loads(json.dumps(_choose_place(content, rng)[0]))
        elif kind == "deep":
            deep: Any = 1
            for _ in range(rng.choice([20, 100, 2000])):
                deep = [deep]
            container[key] = deep
        elif kind == "double" and isinstance(container[key], list):
            container[key] = container[key] * 2
        elif kind == "sign" and isinstance(container[key], (int, float)):
            container[key] = -container[key]
        else:
            container[key] = {str(rng.randrange(9)): container[key]}
        done.append(f"{kind} {name}")
        if kind == "deep":
            break
    path.write_text(_dump(content), encoding="utf-8")
    return f"{path.name}: {', '.join(done)}"


def _dump(content: Any) -> str:
    """Return JSON however deeply it nests."""
    try:
        return json.dumps(content)
    except RecursionError:
        return json.dumps(_flatten(content)).replace('"DEEP"', "[" * 2000 + "1" + "]" * 2000)


def _flatten(value: Any, depth: int = 0) -> Any:
    if depth > 60:
        return "DEEP"
    if isinstance(value, dict):
        return {key: _flatten(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_flatten(item, depth + 1) for item in value]
    return value


def _choose_place(value: Any, rng: random.Random) -> tuple[Any, Any, str]:
    """Return a container, a key in it and the key's path: each level is as likely as the next."""
    name = ""
    while True:
        key = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
        name += f"/{key}"
        if not (isinstance(value[key], (dict, list)) and value[key]) or rng.random() < 0.3:
            return value, key, name
        value = value[key]


def _damage_arrays(path: Path, rng: random.Random) -> str:
    """Damage an array in a way that leaves the file readable."""
    with h5py.File(path, "r+") as file:
        group = file[rng.choice(sorted(file))]
        name = rng.choice(sorted(group))
        kind = rng.choice(
            ["nan", "inf", "zero", "huge", "drop", "drop group", "rename", "constant", "random"]
        )
        array = group[name]
        where = f"{kind} {group.name}/{name}"
        if kind == "drop":
            del group[name]
        elif kind == "drop group":
            del file[group.name]
        elif kind == "rename":
            new_name = rng.choice(["x", "y[1]", "a.b", "draw", "posterior", "é", "mu "])
            group.move(name, f"{name} " if new_name in group else new_name)
        elif array.dtype.kind in "fi":
            values = np.asarray(array[...])
            odd = {"nan": np.nan, "inf": -np.inf, "zero": 0, "huge": 1e300, "constant": 3}
            filled = rng.choice([values.size, 1])
            flat = values.ravel()
            new = (
                np.random.default_rng(rng.randrange(99)).normal(size=filled) * 1e3
                if kind == "random"
                else odd[kind]
            )
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                flat[:filled] = np.clip(np.nan_to_num(new), -99, 99) if array.dtype.kind == "i" else new
            array[...] = flat.reshape(values.shape)
        elif array.shape:
            array[0] = "odd"
    return f"fit.nc: {where}"


def run_within(seconds: float, command: Callable[[], object]) -> str:
    """Run a command; return nothing where it ends well or with an error of ours, else what it ended with."""
    with _alarm(seconds), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            command()
        except WorkbenchError as reason:
            return "" if str(reason) else "an error without a sentence"
        except TooSlow:
            return "did not end"
        except BaseException as reason:  # whatever a user would see as a traceback
            frames = [f for f in traceback.extract_tb(reason.__traceback__) if "/workbench/" in f.filename]
            place = (
                f"{frames[-1].filename.rpartition('/workbench/')[2]}:{frames[-1].lineno}" if frames else ""
            )
            return f"{type(reason).__name__} at {place}: {str(reason)[:150]}"
    return ""


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def stop(_number: int, _frame: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def list_files(folder: Path) -> Mapping[str, tuple[int, float]]:
    """Return every file below a folder with its size and time, to see what was written."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_size, path.lstat().st_mtime)
        for path in folder.rglob("*")
        if not path.is_dir()
    }
