"""Error messages of the command line: the argument, its value, and what it accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.executables import REFERENCE, run
from workbench.toolchain import CompiledModel

MESSAGES = {
    "sample num_samples=-1": 'num_samples was given "-1", but it takes an integer of at least 0.',
    "sample num_samples=1.5": 'num_samples was given "1.5", but it takes an integer of at least 0.',
    "sample random seed=-2": 'seed was given "-2", but it takes an integer from -1 to 4294967295.',
    "sample adapt delta=1": 'delta was given "1", but it takes a number above 0 and below 1.',
    "sample thin": "thin takes an integer of at least 1: write thin=...",
    "sample num_sample=3": '"num_sample=3" is not an argument of sample nor of what surrounds it',
    "sample adapt=1": '"adapt=1": adapt is a group of arguments and takes no value.',
    "sample algorithm=slice": 'algorithm was given "slice", but it takes one of hmc, fixed_param.',
    "sample save_warmup=yes": 'save_warmup was given "yes", but it takes 0, 1, false or true.',
    "sample num_warmup=0": 'num_warmup was given "0", but adaptation needs warm-up iterations',
    "sample adapt engaged=0 save_metric=1": 'save_metric was given "true", but without adaptation',
    "sample num_threads=2": 'num_threads was given "2", but this executable was built without threads',
    "sample init=-1": 'init was given "-1", but it takes a number of at least 0 or a file.',
    "laplace": 'mode was given "", but it takes the name of a .csv file',
    "log_prob": "log_prob needs one of unconstrained_params=<file> and constrained_params=<file>.",
    "generate_quantities": "generate_quantities needs fitted_params=<a CSV file of draws>.",
    "sample data file=none.json": 'the file "none.json" cannot be opened.',
    "sample output file=no/such/x.csv": 'the output file "no/such/x.csv" cannot be opened for writing.',
}
"""Arguments that are wrong, and the error for each."""


@pytest.mark.parametrize("arguments", MESSAGES)
def test_mistakes_are_named(arguments: str, throws: CompiledModel, tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text('{"where": 0}')
    data = "" if "data" in arguments else " data file=data.json"
    result = run(throws, arguments + data, tmp_path)

    assert result.returncode != 0
    assert f"Error: {MESSAGES[arguments]}" in result.stderr


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (1, "thrown in transformed data"),
        (2, "thrown in transformed parameters"),
        (3, "thrown in the model with x = "),
    ],
)
def test_an_exception_in_the_program_names_statement_and_value(
    where: int, expected: str, throws: CompiledModel, tmp_path: Path
) -> None:
    (tmp_path / "data.json").write_text(f'{{"where": {where}}}')
    result = run(throws, "sample data file=data.json output file=x.csv", tmp_path)

    assert result.returncode != 0
    assert any(line.startswith(("Error", "Exception")) for line in result.output.splitlines())
    assert expected in result.output
    assert "'driver_throws.stan', line" in result.output


@pytest.mark.parametrize("where", [0, 4, 5])
def test_some_exceptions_in_the_program_do_not_stop_the_sampler(
    where: int, throws: CompiledModel, tmp_path: Path
) -> None:
    (tmp_path / "data.json").write_text(f'{{"where": {where}}}')
    result = run(throws, "sample num_samples=50 data file=data.json output file=x.csv", tmp_path)

    assert result.returncode == 0, result.output


def test_a_data_file_that_is_not_json_is_named(throws: CompiledModel, tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text('{"where": [0}')
    result = run(throws, "sample data file=data.json", tmp_path)

    assert result.returncode != 0
    assert 'Error: in the file "data.json": Error in JSON parsing' in result.stderr


def test_draws_of_another_program_are_refused(throws: CompiledModel, tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text('{"where": 0}')
    draws = REFERENCE / "bernoulli" / "sample_diag.csv"
    result = run(throws, f"generate_quantities fitted_params={draws} data file=data.json", tmp_path)

    assert result.returncode != 0
    assert 'expected the parameter "x", found "theta"' in result.stderr


def test_a_full_disk_is_reported(throws: CompiledModel, tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text('{"where": 0}')
    (tmp_path / "x.csv").symlink_to("/dev/full")
    result = run(throws, "sample num_samples=10 data file=data.json output file=x.csv", tmp_path)

    assert result.returncode != 0
    assert "Error: the output could not be written in full" in result.stderr


@pytest.mark.parametrize(
    "reading",
    ["generate_quantities fitted_params=x.csv", "laplace mode=x.csv", "log_prob constrained_params=x.csv"],
)
def test_an_output_never_overwrites_an_input(reading: str, throws: CompiledModel, tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text('{"where": 0}')
    (tmp_path / "x.csv").write_text("input")
    result = run(throws, f"{reading} data file=data.json output file=./x.csv", tmp_path)

    assert result.returncode != 0
    assert 'Error: output file was given "./x.csv", but the method reads that file' in result.stderr
    assert (tmp_path / "x.csv").read_text() == "input"


def test_a_mode_file_must_come_from_an_optimizer(throws: CompiledModel, tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text('{"where": 0}')
    run(throws, "sample num_samples=5 data file=data.json output file=draws.csv", tmp_path)
    result = run(throws, "laplace mode=draws.csv data file=data.json", tmp_path)

    assert result.returncode != 0
    assert 'Error: mode was given "draws.csv", but that file was not written by optimize.' in result.stderr


def test_help_works_anywhere(throws: CompiledModel, tmp_path: Path) -> None:
    result = run(throws, "sample adapt help", tmp_path)

    assert result.returncode == 0
    assert "delta=<a number above 0 and below 1>" in result.stdout
