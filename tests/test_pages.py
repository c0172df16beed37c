"""Pages of the documentation: every command and line of Python on them runs, and prints what it says.

One engine for both: a command of a `console` block becomes an example of doctest, like a line of `pycon`.
What needs another machine, a server or a network is a `text` block.
"""

import contextlib
import doctest
import math
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT

DOCS = ROOT / "docs"
"""The source of the site."""

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
"""A block of code: its language and its lines."""

NOT_RUN = {"text", "toml", "yaml", "json", "stan", ""}
"""Languages of blocks that are not run: what files hold, and commands for elsewhere."""

NUMBER = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")
"""A number that is written with decimals, and may differ by one unit of the last one."""


def list_pages():
    own = [page for page in sorted(DOCS.rglob("*.md")) if not {"generated", "_build"} & set(page.parts)]
    return [ROOT / "README.md", *own]


def find_blocks(page):
    return [(found[1], found[2]) for found in BLOCK.finditer(page.read_text(encoding="utf-8"))]


TIMED = re.compile(r"^[A-Z][\w -]+: [\d.]+ s( so far.*)?\n", re.M)
"""What a command says of its progress where no terminal is: how long each stage took."""

RUN = [
    page for page in list_pages() if {"console", "pycon"} & {language for language, _ in find_blocks(page)}
]
"""Pages with something to run."""


class Checker(doctest.OutputChecker):
    """Texts must be the same; numbers with decimals, as far as they are written."""

    def check_output(self, want, got, optionflags):
        if super().check_output(want, got, optionflags):
            return True
        wanted, found = NUMBER.findall(want), NUMBER.findall(got)
        if len(wanted) != len(found):
            return False
        pairs = zip(wanted, found, strict=True)
        is_near = all(abs(float(a) - float(b)) <= 1.01 * _last_unit(a) for a, b in pairs)
        same = super().check_output(NUMBER.sub("NUMBER", want), NUMBER.sub("NUMBER", got), optionflags)
        return is_near and same


def _last_unit(text):
    digits, _, exponent = text.partition("e")
    return math.pow(10, int(exponent or 0) - len(digits.partition(".")[2]))


def read_examples(page):
    """Return what a page has to run, in its order; a command without output may print any."""
    examples = []
    for language, text in find_blocks(page):
        if language == "pycon":
            examples += doctest.DocTestParser().get_examples(text)
        elif language == "console":
            for command in re.split(r"^\$ ", text, flags=re.M)[1:]:
                lines = command.splitlines(keepends=True)
                size = next(n for n, line in enumerate(lines, 1) if not line.endswith("\\\n"))
                want = "".join(lines[size:])
                is_expected = bool(re.search(r"^error: ", want, re.M))
                source = f"run_command({''.join(lines[:size])!r}, fails={is_expected})\n"
                examples.append(doctest.Example(source, want or "...\n"))
    return examples


@pytest.fixture
def run_command(tmp_path):
    """Run a command in the page's folder, and print what it prints; one that fails must be known to."""
    shim = tmp_path / "bin" / "workbench"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m workbench "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    path = f"{shim.parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "COLUMNS": "140", "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}

    def run(command, fails=False):
        done = subprocess.run(
            ["bash", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        sys.stdout.write(TIMED.sub("", done.stdout))
        if bool(done.returncode) != fails:
            sys.stdout.write(f"exit code {done.returncode}\n")
            raise RuntimeError(command)

    return run


def run_page(page, run_command):
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    test = doctest.DocTest(read_examples(page), {"run_command": run_command}, page.name, str(page), 0, None)
    found: list[str] = []
    doctest.DocTestRunner(Checker(), optionflags=flags, verbose=False).run(test, out=found.append)
    return "".join(found)


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_line_of_a_page_prints_what_it_says(page, tmp_path, run_command):
    for folder in ("data", "stan_models"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    with contextlib.chdir(tmp_path):
        found = run_page(page, run_command)
    if found:
        pytest.fail(found, pytrace=False)


@pytest.mark.parametrize("page", list_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_code_of_a_page_is_in_a_language_that_is_run(page):
    assert {language for language, _ in find_blocks(page)} <= NOT_RUN | {"console", "pycon"}


@pytest.mark.parametrize("page", list_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_what_looks_like_something_that_was_run_is_run(page):
    kept = [text for language, text in find_blocks(page) if language not in {"console", "pycon"}]
    assert not re.search(r"^(\$|>>>) ", "".join(kept), re.M)


def test_the_navigation_lists_each_page_once():
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```\{toctree\}\n(.*?)^```$", index, re.M | re.S)
    listed = [line for block in blocks for line in block.splitlines() if re.match(r"[\w/-]+$", line)]
    written = {page.relative_to(DOCS).with_suffix("").as_posix() for page in list_pages()[1:]}
    assert sorted(page for page in listed if not page.startswith("generated/")) == sorted(written - {"index"})


@pytest.mark.parametrize("page", [ROOT / "README.md", DOCS / "benchmarks.md"], ids=lambda page: page.name)
def test_tables_of_benchmarks_are_about_the_programs_that_are_measured(page):
    from tests.bench.end_to_end import list_cases, replace_rows

    text = page.read_text(encoding="utf-8")
    names = [case.name for case in list_cases()]
    rows = [line for line in text.splitlines() if any(line.startswith(f"| {name} |") for name in names)]
    assert len(rows) == len(names)
    assert replace_rows(text, rows) == text
    with pytest.raises(ValueError, match="other programs"):
        replace_rows(text, rows[1:])


def test_a_number_that_moves_fails(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```pycon\n>>> 2.345\n2.34\n>>> 2.345\n2.32\n```\n", encoding="utf-8")
    assert run_page(page, print).count("Failed example") == 1


def test_a_command_that_fails_or_prints_something_else_fails(tmp_path, run_command):
    page = tmp_path / "page.md"
    text = (
        "$ echo error: no; false\nerror: no\n$ echo a\nb\n$ false\n$ echo any\n$ echo error: no\nerror: no\n"
    )
    page.write_text(f"```console\n{text}```\n", encoding="utf-8")
    assert run_page(page, run_command).count("Failed example") == 3
