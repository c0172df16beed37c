"""Real builds, as few as possible."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from pathlib import Path

import cmdstanpy
import pytest

from tests.conformance.executables import REFERENCE, run
from workbench import process
from workbench.errors import ProgramError, ToolchainMissing
from workbench.toolchain import Toolchain, ToolchainSettings, build, provide_cmdstan_home, provision

# A warning of cmdstanpy itself.
pytestmark = pytest.mark.filterwarnings("ignore:The 'float_precision' argument is deprecated")

BERNOULLI = (REFERENCE / "bernoulli.stan").read_text()
NO_NETWORK = ["unshare", "--map-root-user", "--net"]
"""Runs a command without a network."""


def test_a_second_build_compiles_nothing(embedded: Toolchain) -> None:
    first = build("bernoulli", BERNOULLI, embedded)
    again = build("bernoulli", BERNOULLI, embedded)

    assert again.cached
    assert (again.key, again.exe) == (first.key, first.exe)


def test_a_changed_executable_is_built_again(embedded: Toolchain, tmp_path: Path) -> None:
    source = BERNOULLI + "// for this test only\n"
    model = build("changed", source, embedded)
    with model.exe.open("ab") as stream:
        stream.write(b"one more byte")
    again = build("changed", source, embedded)

    assert not again.cached
    assert run(again, "info", tmp_path).returncode == 0


def test_included_files_are_part_of_the_key(embedded: Toolchain, tmp_path: Path) -> None:
    source = BERNOULLI.replace("theta ~ beta(1, 1);", "#include prior.stan")
    exes = set()
    for prior in ("theta ~ beta(1, 1);", "theta ~ beta(3, 1);"):
        (tmp_path / "prior.stan").write_text(prior)
        exes.add(build("with_include", source, embedded, include_paths=[tmp_path]).exe)

    assert len(exes) == 2


def test_an_error_of_stanc_has_its_place(embedded: Toolchain) -> None:
    with pytest.raises(ProgramError) as error:
        build("wrong", "parameters {\n  real x\n}", embedded)

    assert (error.value.line, error.value.column) == (3, 1)


def _run_offline(code: str) -> process.CompletedProcess:
    try:
        answer = process.run([*NO_NETWORK, sys.executable, "-c", code], timeout=300)
    except FileNotFoundError:
        pytest.skip("unshare is not installed")
    if "unshare failed" in answer.stderr or "Operation not permitted" in answer.stderr:
        pytest.skip("this system cannot run a process without a network")
    return answer


def test_nothing_needs_the_network_once_provisioned(embedded: Toolchain) -> None:
    build("bernoulli", BERNOULLI, embedded)
    code = f"""
from pathlib import Path
from workbench import process
from workbench.toolchain import ToolchainSettings, build, provision
toolchain = provision(ToolchainSettings(source="embedded"))
model = build("bernoulli", Path({str(REFERENCE / "bernoulli.stan")!r}).read_text(), toolchain)
print(model.cached, process.run([model.exe, "info"]).returncode)
"""
    answer = _run_offline(code)

    assert answer.stdout.split() == ["True", "0"], answer.stderr


@pytest.mark.usefixtures("embedded")
def test_a_local_wheel_needs_no_network(tmp_path: Path) -> None:
    options = ["--quiet", "--no-deps", "--only-binary=:all:", "--python-version", "3.12"]
    fetched = process.run(
        [sys.executable, "-m", "pip", "download", *options, "--dest", tmp_path, "httpstan==4.17.0"]
    )
    if fetched.returncode != 0:
        pytest.skip("no package index to fetch the wheel from")
    wheel = next(tmp_path.glob("httpstan*.whl"))
    code = f"""
from pathlib import Path
from workbench.toolchain import ToolchainSettings, provision
cache, wheel = Path({str(tmp_path / "cache")!r}), Path({str(wheel)!r})
settings = ToolchainSettings(source="embedded", cache=cache, wheels=(wheel,))
print(provision(settings).stan_version)
"""
    answer = _run_offline(code)

    assert answer.stdout.strip() == "2.39.0", answer.stderr
    shutil.rmtree(tmp_path / "cache")


@pytest.mark.truth
def test_a_machine_without_a_compiler_builds_with_zig(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    try:
        tools = provision(ToolchainSettings(source="embedded", cache=tmp_path / "cache"))
    except ToolchainMissing as reason:
        pytest.skip(f"no package index to fetch zig from: {reason}")
    assert tools.compiler.kind == "zig"

    assert run(build("bernoulli", BERNOULLI, tools), "info", tmp_path).returncode == 0
    shutil.rmtree(tmp_path / "cache")


def test_cmdstanpy_compiles_through_our_home(
    embedded: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("make") is None:
        pytest.skip("a CmdStan home needs make")
    monkeypatch.setenv("CMDSTAN", str(provide_cmdstan_home(embedded)))
    logging.getLogger("cmdstanpy").setLevel(logging.CRITICAL)
    folder = tmp_path / "with space"
    folder.mkdir()
    (folder / "bernoulli.stan").write_text(BERNOULLI)
    data = json.loads((REFERENCE / "bernoulli.json").read_text())

    model = cmdstanpy.CmdStanModel(stan_file=str(folder / "bernoulli.stan"))
    fit = model.sample(data, seed=1, show_progress=False)
    summary = fit.summary()

    assert summary.loc["theta", "Mean"] == pytest.approx(3 / 12, abs=0.02)
    assert summary.loc["theta", "R_hat"] < 1.01
    assert 400 < summary.loc["theta", "ESS_bulk"] < 4000
    assert "Checking for divergent transitions: none found." in str(fit.diagnose())


def test_our_home_works_as_the_users_own_cmdstan(
    embedded: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("make") is None:
        pytest.skip("a CmdStan home needs make")
    monkeypatch.setenv("CMDSTAN", str(provide_cmdstan_home(embedded)))
    theirs = provision(ToolchainSettings())
    model = build("bernoulli", BERNOULLI, theirs)

    assert theirs.source == "cmdstan"
    assert run(model, "info", tmp_path).returncode == 0
    assert build("bernoulli", BERNOULLI, theirs).cached
