"""The schemas that the site publishes: they take what commands write, and refuse what readers refuse."""

import contextlib
import copy
import importlib
import json
import random
import sys
from pathlib import Path

import jsonschema
import msgspec
import numpy as np
import pandas as pd
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from tests.conftest import ROOT
from tests.registry.test_signing import write_key
from workbench.cli.app import app

sys.path.append(str(ROOT / "docs"))
PAGES = importlib.import_module("generated_pages")
"""What makes the schemas."""

PROGRAM = """
data {
  int<lower=1> N;
  vector[N] y;
}
parameters {
  real mu;
}
model {
  mu ~ normal(0, 10);
  y ~ normal(mu, 1);
}
"""

WRITTEN = (
    "run",
    "study",
    "fits",
    "calibration",
    "registry-event",
    "registry-index",
    "monitor-event",
    "monitor",
)
"""The schemas of what these commands write."""


def make_checker(name):
    schema = PAGES.make_schema(PAGES.SCHEMAS[name][1])
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def write_rows(path, size, seed, mean=2.0):
    pd.DataFrame({"y": np.random.default_rng(seed).normal(mean, 1, size)}).to_csv(path, index=False)


def call(*words, exits=(0,)):
    done = CliRunner().invoke(app, [str(word) for word in words], env={"WORKBENCH_AUTHOR": "me"})
    assert done.exit_code in exits, done.output
    return done.stdout


@pytest.fixture(scope="module")
def written(tmp_path_factory, tools):
    """Return by schema what one registry and its monitor write, from the first fit to signed events."""
    folder = tmp_path_factory.mktemp("schemas")
    (folder / "mean.stan").write_text(PROGRAM)
    for name, size, mean in (
        ("fitted", 200, 2.0),
        ("more", 100, 2.0),
        ("other", 100, 2.1),
        ("moved", 300, 3.0),
    ):
        write_rows(folder / f"{name}.csv", size, len(name) + size, mean)
    (folder / "bad.csv").write_text("z\n1\n")
    write_key(Ed25519PrivateKey.generate(), folder / "key")
    with contextlib.chdir(folder):
        return _run_commands()


def _run_commands():
    call("fit", "mean.stan", "fitted.csv", "--output", "run", "--no-report", "-q")
    varied = ("--vary", "mu.sigma=1,10", "--decision", "P(mu>2)>0.5", "--method", "map,laplace")
    call("sensitivity", "run", *varied, "--output", "study", "-q", exits=(0, 1))
    rows = pd.read_csv("fitted.csv")
    rows.assign(group=["a", "b"] * (len(rows) // 2)).to_csv("groups.csv", index=False)
    call("fit-each", "mean.stan", "groups.csv", "--by", "group", "--output", "fits", "-q")
    simulated = ("--rows", "10,20", "--simulations", 4, "--method", "laplace,mle")
    call("calibrate", "mean.stan", "more.csv", *simulated, "--output", "calibration", "-q")
    call("registry", "add", "mean", "run", "--alias", "champion", "--owner", "us")
    call("registry", "describe", "mean", "--limits", "none")
    monitors = [call("monitor", "mean", "more.csv", "--time", "2026-02-01", "--json", "-q")]
    call("monitor", "mean", "--suppress", "2026-03-01..2026-03-02", "--reason", "a deployment", "-q")
    moved = ("moved.csv", "other.csv")
    monitors += [call("monitor", "mean", name, "--json", "-q", exits=(0, 1)) for name in moved]
    call("monitor", "mean", "--acknowledge", "known", "-q")
    monitors.append(call("monitor", "mean", "--status", "--json", "-q"))
    call("refit", "mean", "more.csv", "--no-report")
    call("refit", "mean", "bad.csv", exits=(2, 3, 4))
    call("refit", "mean", "other.csv", "--no-report")
    call("promote", "mean@2", "-q")
    call("rollback", "mean")
    call("registry", "approve", "mean@2", "--note", "looked at")
    call("registry", "alias", "mean", "challenger", "--remove")
    call("registry", "prune", "--keep", "1")
    call("registry", "export", "mean@1", "--output", "copy")
    call("registry", "trust", "key.pub", "--key", "key")
    call("registry", "describe", "mean", "--purpose", "tests", "--key", "key")
    lines = {"registry-event": Path("registry"), "monitor-event": Path("registry/monitoring/mean")}
    found = {
        name: [json.loads(line) for line in (place / "events.jsonl").read_text().splitlines()]
        for name, place in lines.items()
    }
    found["registry-event"].append(json.loads(Path("copy/version.json").read_text()))
    found["registry-index"] = [json.loads(Path("registry/index.json").read_text())]
    found["monitor"] = [json.loads(text) for text in monitors]
    for name in ("study", "fits", "calibration"):
        found[name] = [json.loads(Path(name, f"{name}.json").read_text())]
    found["run"] = [json.loads(Path("run/run.json").read_text())]
    return found


@pytest.mark.parametrize("name", WRITTEN)
def test_a_schema_takes_what_commands_write(written, name):
    checker = make_checker(name)
    for document in written[name]:
        checker.validate(document)


@pytest.mark.parametrize("name", ["registry-event", "monitor-event"])
def test_every_kind_of_event_was_written(written, name):
    event = PAGES.make_schema(PAGES.SCHEMAS[name][1])["$defs"]["Event"]
    kinds = event["properties"]["content"]["discriminator"]["mapping"]
    assert {event["content"]["type"] for event in written[name]} == set(kinds)


def test_what_may_be_missing_was_there(written):
    assert any(event.get("signature") for event in written["registry-event"])
    assert written["registry-index"][0]["models"]["mean"]["versions"][1]["run"] is None
    first, *_, last = written["monitor"]
    assert first["batch"]["transforms"]
    assert any(each["alarm"] and each["rows"] for each in written["monitor"])
    assert last["windows"]
    assert last["batch"] is None


BEYOND_TYPES = (
    "has one weight",
    "Expected numbers, got",
    "Expected a mean and an SD",
    "Expected a method of nuts",
    "Expected a density at each",
    "Expected points with the numbers",
)
"""What readers say of what a schema does not state: lists of one length, numbers in lists of any depth."""


@pytest.mark.parametrize("name", WRITTEN)
def test_a_schema_refuses_what_the_reader_refuses_and_nothing_else(written, name):
    """The reader is msgspec with the same type, which knows nothing of schemas."""
    checker, dice = make_checker(name), random.Random(25)
    refused = 0
    for _ in range(1000):
        damaged = copy.deepcopy(dice.choice(written[name]))
        if name == "run":
            damaged["data"].pop("rules", None)  # have a type of their own
        _damage(damaged, dice)
        problem = _find_problem(damaged, PAGES.SCHEMAS[name][1])
        if any(words in problem for words in BEYOND_TYPES):
            continue
        assert checker.is_valid(damaged) == (not problem), (problem, damaged)
        refused += bool(problem)
    assert refused > 200


def _find_problem(document, kind):
    try:
        msgspec.convert(document, kind)
    except msgspec.ValidationError as reason:
        return str(reason)
    return ""


def _damage(document, dice):
    """Change one value somewhere in a document: remove it, or put another in its place.

    Only tags of events are removed: msgspec reads a struct without its tag where there is no other kind.
    """
    is_event = "content" in document
    places = [place for place in _list_places(document) if is_event or place[1] != "type"]
    holder, key = dice.choice(places)
    others = [
        None,
        "",
        "x",
        "f" * 64 + "g",
        -1,
        0,
        7,
        0.5,
        10**13,
        True,
        [],
        ["x"],
        {},
        {"../x": 1},
        {"type": "x"},
    ]
    if dice.random() < 0.4 and isinstance(holder, dict):
        del holder[key]
    else:
        holder[key] = dice.choice(others)


def _list_places(value):
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _list_places(value[key])
