"""`make calibration`: simulated data of the bundled models and their fits, for `docs/calibration.json`.

Usage: python -m tests.library.calibrations [--posterior] [--simulations 40] [--seconds 600] [NAME ...]

A model with an entry there, made with the program and the table as they are, is left alone: delete the entry
to have it made again. Each entry is written when its model is finished, and a command that is interrupted or
runs out of time continues from its finished fits.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from workbench import library
from workbench.calibration.folder import Calibration, read
from workbench.calibration.record import MethodCalibration, QuantityCalibration
from workbench.library.catalogue import BundledModel
from workbench.library.model_record import to_record
from workbench.provenance import hash_bytes, hash_texts, read_workbench_version

RECORD = ROOT / "docs" / "calibration.json"
"""What came of it, by model and by where truths come from."""

METHODS = ("nuts", "laplace", "map", "mle")
"""The methods that are compared."""

NUTS = ("--chains", "--warmup", "--draws")
"""What makes chains shorter than they are by default."""

MOST_OFF = 8
"""How many of the quantities of a method that is wrong the record describes: a model may have a thousand."""

CENSORED = {
    "gamma_exponential": (35, "exponential_rng(rate)"),
    "weibull": (999, "weibull_rng(shape, exp(alpha + Z[n] * beta))"),
}
"""Models with censored times, which do not say until when individuals are watched: the longest time of their
tables, and how a time is drawn."""

DRAWN_CENSORED = """generated quantities {
  vector[N] t_rep;
  array[N] int<lower=0, upper=1> event_rep;
  for (n in 1 : N) {
    real time = TIME;
    event_rep[n] = time <= watched_until;
    t_rep[n] = fmin(time, watched_until);
  }
}
"""
"""What takes the place of their generated quantities."""

Entry = dict[str, Any]


def main() -> None:
    """Calibrate the models that have no entry, and write one for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posterior", action="store_true", help="draw truths from the posterior of the data")
    parser.add_argument("--simulations", type=int, default=40)
    parser.add_argument(
        "--nuts",
        type=int,
        nargs=3,
        metavar=("CHAINS", "WARMUP", "DRAWS"),
        help="shorter ones, for slow models",
    )
    parser.add_argument("--seconds", type=float, default=600.0, help="the longest time for a model")
    parser.add_argument(
        "--runs", type=Path, default=ROOT / "build" / "calibrations", help="folder of finished fits"
    )
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    kind = "posterior" if options.posterior else "prior"
    for name in options.names or library.list_names():
        model = library.find(name)
        if is_known(read_record(), model, kind):
            continue
        started = time.monotonic()
        entry = measure(
            model, kind, options.simulations, options.seconds, options.runs / f"{name}-{kind}", options.nuts
        )
        if entry:
            keep(name, kind, entry)
        said = entry.get("sentence") or entry.get("refused") or "not finished"
        print(f"{name} ({kind}, {time.monotonic() - started:.0f} s): {said}", flush=True)  # noqa: T201


def read_record() -> dict[str, dict[str, Entry]]:
    """Return what the record holds, which may be nothing."""
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.is_file() else {}


def keep(name: str, kind: str, entry: Entry) -> None:
    """Write the entry of a model into the record, whose others stay."""
    record = read_record()
    record[name] = dict(sorted({**record.get(name, {}), kind: entry}.items(), reverse=True))
    RECORD.write_text(format_record(record), encoding="utf-8")


def format_record(record: dict[str, dict[str, Entry]]) -> str:
    """Return the record as JSON, a method a line."""
    models = []
    for name, kinds in sorted(record.items()):
        parts = []
        for kind, entry in kinds.items():
            head = json.dumps({key: entry[key] for key in entry if key != "methods"}, ensure_ascii=False)
            lines = ",".join(f"\n   {json.dumps(row, ensure_ascii=False)}" for row in entry["methods"])
            parts.append(f'  "{kind}": {head[:-1]}, "methods": [{lines}]}}')
        models.append(f' "{name}": {{\n' + ",\n".join(parts) + "\n }")
    return "{\n" + ",\n".join(models) + "\n}\n"


def is_known(record: dict[str, dict[str, Entry]], model: BundledModel, kind: str) -> bool:
    """Return whether the record has an entry of a model, made with its program and its table as they are."""
    entry = record.get(model.name, {}).get(kind)
    return entry is not None and entry["of"] == hash_inputs(model)


def hash_inputs(model: BundledModel) -> str:
    """Return the beginning of a hash of a model's program, table, and values that its card gives."""
    known = to_record(model)
    defaults = {name: entry["default"] for name, entry in known["hyperparameters"].items()}
    given = json.dumps([known["columns"], known["set"], defaults], sort_keys=True, default=str)
    return hash_texts(hash_bytes(model.program.read_bytes()), hash_bytes(model.table.read_bytes()), given)[
        :12
    ]


def measure(
    model: BundledModel,
    kind: str,
    simulations: int,
    seconds: float,
    folder: Path,
    nuts: tuple[int, int, int] | None = None,
) -> Entry:
    """Calibrate a model as the command line does, and return its entry; an empty one if time runs out."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "workbench", "calibrate", *_list_words(model, folder.parent)]
    command += [
        "--method",
        ",".join(METHODS),
        "--simulations",
        str(simulations),
        "--jobs",
        "1",
        "--quiet",
        "--output",
        str(folder),
    ]
    command += ["--posterior"] if kind == "posterior" else []
    if nuts:
        command += [word for pair in zip(NUTS, map(str, nuts), strict=True) for word in pair]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            _, words = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=30)
            process.kill()
            return {}
    if process.returncode:
        return describe_refusal(model, words)
    entry = read_entry(model, folder) | ({"nuts": list(nuts)} if nuts else {})
    return entry | ({"watched_until": CENSORED[model.name][0]} if model.name in CENSORED else {})


def _list_words(model: BundledModel, folder: Path) -> list[str]:
    """Return what is calibrated, for the command line: the model, or its program with censored replicates."""
    if model.name not in CENSORED:
        return [model.name]
    until, time = CENSORED[model.name]
    program = folder / model.program.name
    kept, _, _ = model.program.read_text(encoding="utf-8").partition("generated quantities {")
    own = "data {\n  real<lower=0> watched_until; // end of the follow-up (time)\n"
    text = kept.replace("data {\n", own, 1) + DRAWN_CENSORED.replace("TIME", time)
    program.write_text(text, encoding="utf-8")
    card = model.program.with_suffix(".toml")
    program.with_suffix(".toml").write_text(card.read_text(encoding="utf-8"), encoding="utf-8")
    return [str(program), str(model.table), "--set", f"watched_until={until}"]


def describe_refusal(model: BundledModel, words: str) -> Entry:
    """Return the entry of a model that is refused, with the words."""
    of, version = hash_inputs(model), read_workbench_version()
    return {"refused": " ".join(words.split()), "of": of, "workbench": version, "methods": []}


def read_entry(model: BundledModel, folder: Path) -> Entry:
    """Return the entry of a finished calibration."""
    found: Calibration = read(folder)
    record = found.record
    return {
        "sentence": record.sentence,
        "simulations": record.simulations,
        "left_out": record.left_out,
        "way": record.way,
        "of": hash_inputs(model),
        "workbench": record.workbench,
        "methods": [_describe_method(method) for method in record.methods],
    }


def _describe_method(found: MethodCalibration) -> Entry:
    held = [share.share for item in found.quantities for share in item.coverage if share.level == 0.95]
    return {
        "method": found.method,
        "judgement": found.judgement,
        "sentence": found.sentence,
        "fits": found.fits,
        "failed": found.failed,
        "quantities": len(found.quantities),
        "off_count": sum(item.is_off for item in found.quantities),
        "off": [_describe_quantity(item) for item in _list_worst(found)],
        "coverage": [_round(min(held)), _round(statistics.median(held))] if held else [],
        "seconds": _round(found.seconds),
        "fired": {rate.code: [rate.fired, rate.fits] for rate in found.checks if rate.fired},
        "failures": [[item.words, item.fits] for item in found.failures],
        **({"advice": list(found.advice)} if found.method == "nuts" and found.advice else {}),
    }


def _list_worst(found: MethodCalibration) -> list[QuantityCalibration]:
    """Return the quantities that are known worst to be wrong, as many as are kept."""
    off = [item for item in found.quantities if item.is_off]
    return sorted(off, key=lambda item: item.adjusted or 0.0)[:MOST_OFF]


def _describe_quantity(item: QuantityCalibration) -> Entry:
    numbers = {key: _round(getattr(item, key)) for key in ("adjusted", "spread", "bias")}
    return {"quantity": item.label, "sentence": item.sentence, **numbers}


def _round(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")


if __name__ == "__main__":
    main()
