"""Command lines made from a random generator, each with the files that it names."""

import os
import random
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import DATA, STAN_MODELS
from tests.fuzz import programs, tables_and_values

WIDE = """
data {
  int<lower=0> N;
  int<lower=1> K;
  int<lower=1> J;
  matrix[N, K] X;
  array[N] int<lower=1, upper=J> g;
  vector[N] y;
  real<lower=0> scale;
}
parameters {
  real mu;
  vector[K] beta;
  vector[J] a;
  real<lower=0> sigma;
}
model {
  mu ~ normal(0, 5);
  beta ~ normal(0, scale);
  a ~ normal(0, 2.5);
  sigma ~ exponential(1);
  y ~ normal(mu + X * beta + a[g], sigma);
}
"""
"""A program with every kind of data that columns give."""

_SCHOOLS = STAN_MODELS / "hierarchical" / "eight_schools.stan"
"""A bundled program; its card has defaults."""

MODELS = {
    "wide": (WIDE, "y,X1,X2,g\n1.5,1,2,A\n2.5,2,1,B\n0.5,3,5,A\n"),
    "schools": (
        _SCHOOLS.read_text(encoding="utf-8"),
        (DATA / "eight_schools.csv").read_text(encoding="utf-8"),
    ),
}
"""Programs with a sound table."""

_OPTIONS = {
    "--column": ("y={}", "X={}", "{}=y", "{}", "X=X1,{}", "g={}", "y=y:{}", "X=g={}"),
    "--columns": ("X={}", "X=X1,X2,{}"),
    "--set": ("scale={}", "K={}", "{}=1", "N={}", "J={}", "scale=1", "X={}", "{}"),
    "--reference": ("g={}", "{}=A", "{}"),
    "--prior": ("mu.sigma={}", "{}=1", "beta.mu={}", "a.sigma={}", "{}"),
    "--prior-form": ("mu={}", "{}=normal(0, 1)", "beta=normal({}, 1)", "a=student_t(3, {}", "mu=flat"),
    "--role": ("line 20={}", "{}=prior", "1={}", "99={}"),
    "--missing": ("{}", "drop"),
    "--scale": ("{}", "latent"),
    "--seed": ("{}",),
    "--level": ("{}",),
    "--jobs": ("{}",),
    "--chains": ("{}",),
    "--draws": ("{}",),
    "--warmup": ("{}",),
    "--threads": ("{}",),
    "--timeout": ("{}",),
    "--adapt-delta": ("{}",),
    "--max-treedepth": ("{}",),
    "--starts": ("{}",),
    "--method": ("{}", "nuts,{}", "auto"),
    "--profile": ("{}", "beta[{}]"),
    "--bic-count": ("{}",),
    "--metric": ("{}", "dense"),
    "--sampler": ("{}", "stan"),
    "--init": ("{}", "init.json", "map"),
    "--unpack-limit": ("{}", "{}GB", "10MB"),
    "--output": ("{}", "a/b/c", "/proc/x"),
    "--figures": ("{}", "figs"),
    "--compiler": ("{}",),
}
"""Options of a fit, with forms of their values."""

_STUDY_OPTIONS = {
    "--vary": (
        "mu.sigma={}",
        "{}",
        "{}=1,2",
        "mu.sigma=1:{}:log:5",
        "a.sigma=0.1:10:log:{}",
        "power(prior)={}",
    ),
    "--decision": ("{}", "P(mu>{})>0.95", "mean({})<2", "interval(mu) excludes {}", "mu>{}"),
    "--prior-form": ("mu={}", "{}=flat"),
    "--design": ("{}", "lhs", "one"),
    "--points": ("{}",),
    "--above": ("{}",),
    "--parameter": ("{}", "beta[{}]"),
    "--methods": ("{}", "map,nuts"),
    "--refit": ("{}", "all"),
    "--level": ("{}",),
    "--seed": ("{}",),
}
"""Options of a study, likewise."""

_NUMBERS = (
    "-1",
    "0",
    "1",
    "2",
    "0.5",
    "nan",
    "inf",
    "-inf",
    "1e999",
    "9" * 400,
    "9" * 5000,
    "2147483648",
    "1e-320",
    "1_0",
    " 1",
    "",
)
"""Numbers that options get, besides the nasty texts."""


_SOUND = (
    "1",
    "2",
    "3",
    "5",
    "100",
    "0.5",
    "0.9",
    "y",
    "X1",
    "g",
    "A",
    "mu",
    "beta",
    "prior",
    "latent",
    "nuts",
    "[1, 2]",
)
"""Values that some option takes."""


_SOUND_OPTIONS = (
    (),
    (),
    ("--columns", "X=X1,X2"),
    ("--columns", "X=X1,g"),
    ("--column", "X=g:indicators"),
    ("--column", "X=g=A"),
    ("--set", "J=2"),
    ("--set", "scale=[1]"),
    ("--reference", "g=B"),
    ("--standardize",),
    ("--prior", "mu.sigma=2"),
    ("--prior", "beta.mu=1,2"),
    ("--prior-form", "mu=student_t(3, 0, 1)"),
    ("--prior-form", "beta=flat"),
    ("--role", "1=prior"),
    ("--scale", "latent"),
    ("--method", "auto"),
    ("--profile", "mu"),
    ("--column", "y=X1:days"),
)
"""Options that suit the first of the programs."""


@dataclass(frozen=True)
class Case:
    """A command line and what it is about."""

    kind: str
    argv: tuple[str, ...]


def make_case(seed: int, number: int, folder: Path) -> Case:
    """Write the files of a command line into a folder, and return it."""
    rng = random.Random(f"{seed}/{number}")
    return rng.choice(_MAKERS)(rng, folder)


def _model(
    rng: random.Random,
    folder: Path,
    table: bytes | None = None,
    card: bytes | None = None,
    kind: str | None = None,
) -> list[str]:
    """Write a program and its table, sound ones where none is given, and return how a command names them."""
    kind = kind or rng.choice(tuple(MODELS))
    source, sound = MODELS[kind]
    (folder / "model.stan").write_text(source, encoding="utf-8")
    data = folder / _file_name(rng)
    data.write_bytes(sound.encode() if table is None else table)
    if card is None and kind == "schools":
        card = _SCHOOLS.with_suffix(".toml").read_bytes()
    if card is not None:
        (folder / "model.toml").write_bytes(card)
    rest = ["--set", "scale=1"] if kind == "wide" and rng.random() < 0.9 else []
    return [str(folder / "model.stan"), str(data), *rest]


def _mild(rng: random.Random, folder: Path) -> Case:
    """Return a fit to a table that is sound but for a few cells or names, often with a sound option."""
    kind = rng.choice(tuple(MODELS))
    lines = [line.split(",") for line in MODELS[kind][1].splitlines()]
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        line = rng.choice(lines[1:] if rng.random() < 0.8 else lines)
        line[rng.randrange(len(line))] = tables_and_values.text(rng)
    written = "\n".join(
        ",".join(tables_and_values.quote_cell(cell, ",", '"') for cell in line) for line in lines
    )
    argv = _model(rng, folder, tables_and_values.encode(written + "\n"), kind=kind)
    command = rng.choice((("--dry-run",), ("--dry-run", "--json"), (), ("--dry-run", "--missing", "drop")))
    return Case("mild", ("fit", *argv, *command, *rng.choice(_SOUND_OPTIONS)))


def _file_name(rng: random.Random) -> str:
    names = (
        "data.csv",
        "data.csv",
        "data.csv",
        "d",
        "-d.csv",
        "a b.csv",
        "evil\x1b[31m.csv",
        os.fsdecode(b"caf\xe9.csv"),
        "x" * 250,
        "n\nl",
    )
    return rng.choice(names)


def _table(rng: random.Random, folder: Path) -> Case:
    make = rng.choice(tables_and_values.TABLES)
    argv = ["fit", *_model(rng, folder, make(rng)), "--dry-run", *_options(rng, _OPTIONS, 1)]
    return Case(make.__name__, tuple(argv))


def _card(rng: random.Random, folder: Path) -> Case:
    command = rng.choice((["fit", "--dry-run"], ["fit", "--dry-run", "--json"], ["fit"]))
    return Case("card", (*command, *_model(rng, folder, card=tables_and_values.card(rng))))


def _values(rng: random.Random, folder: Path) -> Case:
    if rng.random() < 0.5:
        (folder / "init.json").write_bytes(
            tables_and_values.stan_json(rng).replace(b'"y"', b'"mu"').replace(b'"J"', b'"tau"')
        )
        return Case("init", ("fit", *_model(rng, folder), "--init", str(folder / "init.json")))
    (folder / "scenarios.toml").write_bytes(tables_and_values.scenarios(rng))
    argv = (
        "sensitivity",
        *_model(rng, folder),
        "--scenarios",
        str(folder / "scenarios.toml"),
    )
    return Case("scenarios", argv)


def _program(rng: random.Random, folder: Path) -> Case:
    path = folder / "self.stan"
    path.write_bytes(programs.program(rng))
    if rng.random() < 0.6:
        return Case("inspect", ("inspect", str(path), *(["--json"] if rng.random() < 0.3 else [])))
    return Case("program", ("fit", str(path), _model(rng, folder)[1], "--dry-run"))


def _fit(rng: random.Random, folder: Path) -> Case:
    argv = ["fit", *_model(rng, folder), *_options(rng, _OPTIONS, 3)]
    return Case("fit", (*argv, *(["--dry-run"] if rng.random() < 0.3 else [])))


def _study(rng: random.Random, folder: Path) -> Case:
    return Case("study", ("sensitivity", *_model(rng, folder), *_options(rng, _STUDY_OPTIONS, 3)))


def _other(rng: random.Random, folder: Path) -> Case:
    """Return a command line of the smaller commands."""
    argument = rng.choice(
        (_text(rng), str(folder), str(folder / _file_name(rng)), ".", "/", "/dev/null", "/dev/zero")
    )
    command = rng.choice(
        (
            ("models", argument),
            ("inspect", argument),
            ("check", argument),
            ("check", "--explain", argument),
            ("report", argument),
            ("report", argument, argument),
            ("predict", argument, argument),
            ("replay", argument),
            ("continue", argument, "--draws", _text(rng)),
            ("sensitivity", argument),
            ("new", argument),
            ("new", "mine", "--from", argument),
            ("toolchain", "prune", "--keep", _text(rng)),
            ("toolchain", "status", "--compiler", argument),
            ("fit", argument),
            ("fit", "linear", argument, "--dry-run"),
            (argument,),
            ("fit", "linear", argument, argument),
            ("models", "--json", argument),
        )
    )
    return Case("other", command)


def _options(rng: random.Random, forms: dict[str, tuple[str, ...]], most: int) -> list[str]:
    chosen = []
    for _ in range(rng.choice((0, 1, 1, 2, most))):
        option = rng.choice(tuple(forms))
        chosen += [option, rng.choice(forms[option]).replace("{}", _text(rng))]
    return chosen


def _text(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.35:
        return rng.choice(_SOUND)
    text = rng.choice(_NUMBERS) if kind < 0.6 else tables_and_values.text(rng)
    return text.replace("\x00", "")  # no argument of a process can hold one


_MAKERS = (
    *(
        _mild,
        _mild,
        _mild,
        _table,
        _table,
        _table,
        _card,
        _values,
        _program,
        _program,
        _fit,
        _fit,
        _study,
        _other,
    ),
)
"""What is made, the frequent ones several times."""
