"""Streams that are closed or ASCII; names that no terminal should see; interrupts while Python starts."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.cli.conftest import ENTRY
from tests.process.test_start import HEED_SIGINT
from workbench import files
from workbench.cli.app import app
from workbench.cli.console import guarded
from workbench.errors import BindingError, ProgramError
from workbench.progress import Lines

RUN = f'"{sys.executable}" -P -c "{ENTRY}"'


def shell(command, folder, **environment):
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        timeout=60,
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(tmp_path, closed):
    done = shell(f"{RUN} models {closed}", tmp_path)
    assert done.returncode == 0
    assert done.stderr == b""


@pytest.mark.parametrize("arguments", ["models", "models --json", "--help", "predict --help"])
def test_a_reader_that_has_gone(tmp_path, arguments):
    """The exit code is that of a program which `SIGPIPE` ends, not the one of `--strict`."""
    done = shell(f"{RUN} {arguments} | true; exit ${{PIPESTATUS[0]}}", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (141, b"", b"")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_error_that_nobody_reads_has_its_exit_code(tmp_path, unbuffered):
    command = f"{RUN} check none 2>&1 | true; exit ${{PIPESTATUS[0]}}"
    assert shell(command, tmp_path, PYTHONUNBUFFERED=unbuffered).returncode == 5


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_seen_enough(tmp_path, unbuffered):
    command = f"{RUN} models --json | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = shell(command, tmp_path, PYTHONUNBUFFERED=unbuffered)
    assert (done.stdout, done.stderr) == (b"[", b"")
    assert done.returncode in (0, 141)  # all of it fits into the pipe, unless `head` is faster


def test_a_file_that_is_a_pipe_without_a_reader():
    @guarded
    def write():
        with files.open_replacement(Path("/dev/stdout")):
            raise BrokenPipeError

    with pytest.raises(typer.Exit) as ended:
        write()
    assert ended.value.exit_code == 141


def test_a_dash_is_standard_input_unless_it_is_a_file(tmp_path):
    for arguments in ("fit eight_schools -", "predict none -", "sensitivity eight_schools - --vary mu=1,2"):
        done = shell(f"printf 'a,a\\n' | {RUN} {arguments} --unpack-limit 1GB", tmp_path)
        assert done.returncode == 2
        assert "`/dev/stdin` has more than one column called `a`" in done.stderr.decode()
    (tmp_path / "-").touch()
    done = shell(f"printf 'a,a\\n' | {RUN} fit eight_schools -", tmp_path)
    assert "`-` is empty" in done.stderr.decode()


def test_ascii_streams(tmp_path):
    done = shell(f"{RUN} models linear", tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.isascii()
    listed = [shell(f"{RUN} models --json", tmp_path, PYTHONIOENCODING=name) for name in ("ascii", "utf-8")]
    assert listed[0].stdout.isascii()
    assert json.loads(listed[0].stdout) == json.loads(listed[1].stdout)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("evil\x1b[31m.csv", "evil<U+001B>[31m.csv"),
        ("\udcff\udcfe.csv", "<U+DCFF><U+DCFE>.csv"),
        ("a\nhint: b\tc\u2028", "a<U+000A>hint: b<U+0009>c<U+2028>"),
    ],
)
def test_names_of_files_reach_nobody_raw(name, shown):
    result = CliRunner().invoke(app, ["fit", "eight_schools", name])
    assert result.exit_code == 2
    assert f"a table was expected at `{shown}`, but it does not exist" in result.stderr
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize(
    "argv", [["fit", "linear", "a.csv", "\u202egnp"], ["toolchain", "prune", "\u202egnp"], ["--\u202egnp"]]
)
def test_wrong_arguments_are_named_safely(argv):
    result = CliRunner().invoke(app, argv)
    assert result.exit_code == 2
    assert "<U+202E>gnp" in result.stderr
    assert "\u202e" not in result.stderr


@pytest.mark.parametrize("argument", ["x" * 300, "x" * 300 + ".stan", "x/" * 3000 + "x"])
def test_names_that_no_file_can_have(argument):
    for argv in (
        ["fit", argument],
        ["inspect", argument],
        ["sensitivity", argument],
        ["new", "m", "--from", argument],
    ):
        result = CliRunner().invoke(app, argv)
        assert result.exit_code == 2, result.output
        assert "error: " in result.stderr
        assert "Traceback" not in result.stderr


@pytest.mark.parametrize("delay", [0.15, 0.25, 0.3, 0.4])
def test_an_interrupt_while_the_command_line_starts(tmp_path, delay):
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", f"{HEED_SIGINT}; print(flush=True); {ENTRY}", "sensitivity", "linear"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()  # Python heeds interrupts from here on, however busy the machine is
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted: nothing was written" in errors
    assert "Traceback" not in errors


def test_errors_are_safe_for_python_too():
    error = BindingError("`a\x1b[31m\x9b` of\n`b\u202e`", hint="write \x07")
    assert str(error) == error.message == "`a<U+001B>[31m<U+009B>` of<U+000A>`b<U+202E>`"
    assert error.hint == "write <U+0007>"


def test_the_lines_of_stanc_stay():
    excerpt = "\n   25:  real x` // `\r\n   26:  real\ty;\n         ^"
    error = ProgramError(f"`a\nb.stan`, line 26: wrong.{excerpt}")
    assert error.message == "`a<U+000A>b.stan`, line 26: wrong." + excerpt.replace("\r", "")


def test_stages_name_programs_safely(capsys):
    with Lines().stage("Compiling \x1b[2J"):
        pass
    assert capsys.readouterr().err.startswith("Compiling <U+001B>[2J: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("words", ["models", "--version", "--licences", ""])
def test_output_to_a_full_disk_is_said(words, tmp_path):
    done = shell(f"{RUN} {words} > /dev/full", tmp_path)
    assert done.returncode == 5
    assert "the output could not be written" in done.stderr.decode()
    assert str(tmp_path) not in done.stderr.decode()
