from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.toolchain import fake_compilers
from workbench.errors import BuildFailed, RunTimedOut, ToolchainError
from workbench.progress import SILENT
from workbench.toolchain import ModelSource, Toolchain, build, build_all
from workbench.toolchain.cmdstan import find_plain_folder, is_plain
from workbench.toolchain.compilers import hash_header
from workbench.toolchain.header_and_driver import (
    _group_driver_sources,
    build_driver,
    build_header,
    hash_driver,
)

COMPILES = 'while [ "$1" != -o ]; do shift; done; echo made > "$2"'
"""A compiler that writes whatever `-o` names."""


def test_keys_depend_on_whatever_changes_the_result(tmp_path: Path) -> None:
    toolchain = fake_compilers.make_toolchain(tmp_path, COMPILES)
    other_compiler = replace(toolchain, compiler=replace(toolchain.compiler, identity="another"))
    other_stan = replace(toolchain, home=tmp_path / "another")

    keys = {
        hash_driver(toolchain, False),
        hash_driver(toolchain, True),
        hash_driver(other_compiler, False),
        hash_driver(other_stan, False),
        hash_header(toolchain.compiler, toolchain.home, threads=False),
    }
    assert len(keys) == 5
    assert hash_driver(toolchain, False) == hash_driver(replace(toolchain, why="another reason"), False)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("clang", ["model_header.hpp.pch"]),
        ("gcc", ["stan/model/model_header.hpp", "stan/model/model_header.hpp.gch"]),
    ],
)
def test_header_files(kind: str, expected: list[str], tmp_path: Path) -> None:
    header = build_header(fake_compilers.make_toolchain(tmp_path, COMPILES, kind=kind), False, SILENT)

    files = sorted(str(path.relative_to(header)) for path in header.rglob("*.*pp*"))
    assert files == expected


def test_the_driver_is_compiled_once(tmp_path: Path) -> None:
    toolchain = fake_compilers.make_toolchain(tmp_path, f"echo run >> {tmp_path}/runs", COMPILES)
    objects = build_driver(toolchain, False, SILENT)
    again = build_driver(toolchain, False, SILENT)

    runs = (tmp_path / "runs").read_text().count("run")
    assert {path.name for path in objects} >= {"optimizers.o", "methods.o", "settings.o"}
    assert again == objects
    assert runs == len(objects) + 1  # one more: the header


def test_the_messages_of_a_failed_compiler_are_in_a_log(tmp_path: Path) -> None:
    toolchain = fake_compilers.make_toolchain(tmp_path, "echo 'x.hpp:1: error: no such thing' >&2; exit 1")
    with pytest.raises(
        BuildFailed, match=r"fake\+\+ failed to compile Stan's headers: x.hpp:1: error: no such"
    ) as error:
        build_header(toolchain, False, SILENT)

    log = error.value.log
    assert log is not None
    assert log.is_relative_to(tmp_path / "cache")
    assert "no such thing" in log.read_text()
    assert str(log) in error.value.message
    assert error.value.command.startswith(str(tmp_path / "bin" / "fake++"))
    assert not list((tmp_path / "cache" / "headers").iterdir())


def test_a_killed_compiler_is_reported(tmp_path: Path) -> None:
    toolchain = fake_compilers.make_toolchain(tmp_path, "kill -9 $$")
    with pytest.raises(
        BuildFailed, match="was killed while compiling Stan's headers, most likely for lack of memory"
    ):
        build_header(toolchain, False, SILENT)


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    toolchain = fake_compilers.make_toolchain(tmp_path, "echo 'fatal error: No space left on device'; exit 1")
    with pytest.raises(BuildFailed, match="ran out of disk space") as error:
        build_header(toolchain, False, SILENT)

    assert "prune" in str(error.value.hint)


STANC = 'for option; do case $option in --o=*) out=${option#--o=};; esac; done; echo "// C++" > "$out"'
"""A stanc that always writes the same."""


def _add_stanc(toolchain: Toolchain) -> Toolchain:
    """Give a toolchain a fake stanc."""
    fake_compilers.write_script(toolchain.stanc.path, STANC)
    return toolchain


PAIR = (ModelSource("one", "// one", optimized=True), ModelSource("two", "// two"))


def test_two_programs_are_compiled_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Each model's compiler waits until the other's has started.
    waits = "n=0; until [ -e {1} ]; do sleep 0.01; n=$((n + 1)); [ $n -lt 2000 ] || exit 1; done"
    met = f"touch {tmp_path}/$me; " + waits.replace("{1}", f"{tmp_path}/$other")
    meets = f"""case "$*" in */one.o*) me=one; other=two;; */two.o*) me=two; other=one;; *) me=;; esac
case "$*" in *-c*) [ -z "$me" ] || {{ {met}; }};; esac"""
    monkeypatch.setattr("workbench.process.count_usable_cores", lambda: 2)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=64 << 30))
    toolchain = _add_stanc(fake_compilers.make_toolchain(tmp_path, meets, COMPILES))

    first, second = build_all(PAIR, toolchain)

    assert (first.name, first.optimized, first.exe.exists()) == ("one", True, True)
    assert (second.name, second.optimized, second.exe.exists()) == ("two", False, True)
    assert [model.cached for model in build_all(PAIR, toolchain)] == [True, True]
    assert build("two", "// two", toolchain).cached


def test_if_one_of_two_fails_neither_is_kept(tmp_path: Path) -> None:
    fails = 'case "$*" in */two.o*) echo "two.hpp:1: error: no such thing" >&2; exit 1;; esac'
    toolchain = _add_stanc(fake_compilers.make_toolchain(tmp_path, fails, COMPILES))
    with pytest.raises(BuildFailed, match="no such thing"):
        build_all(PAIR, toolchain)

    assert not list((tmp_path / "cache" / "models").iterdir())
    assert not list((tmp_path / "cache" / "locks").glob("*.owner"))
    assert build("one", "// one", toolchain).exe.exists()


def test_killed_compilers_run_again_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.process.count_usable_cores", lambda: 2)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=64 << 30))
    killed = (
        f'case "$*" in */two.o*) [ -e {tmp_path}/once ] || {{ touch {tmp_path}/once; kill -9 $$; }};; esac'
    )
    toolchain = _add_stanc(fake_compilers.make_toolchain(tmp_path, killed, COMPILES))

    assert all(model.exe.exists() for model in build_all(PAIR, toolchain))
    assert (tmp_path / "once").exists()


def test_a_compiler_or_stanc_that_takes_too_long_is_ended_and_named(tmp_path: Path) -> None:
    toolchain = _add_stanc(fake_compilers.make_toolchain(tmp_path, "sleep 600 & wait")).limit(0.3)
    with pytest.raises(RunTimedOut, match=r"^compiling Stan's headers took longer than the 0\.3 s allowed\."):
        build_header(toolchain, False, SILENT)
    with pytest.raises(RunTimedOut, match=r"took longer than the 0\.3 s allowed") as error:
        build("one", "// one", toolchain)
    assert "toolchain install" in str(error.value.hint)

    fake_compilers.write_script(toolchain.stanc.path, "sleep 600")
    with pytest.raises(RunTimedOut, match=r"stanc took longer than the 0\.3 s allowed to read `two\.stan`"):
        build("two", "// two", toolchain)


@pytest.mark.parametrize("name", ["a; touch X;$(touch Y)", '"); int x; //', "-h", "new\nline", "x" * 300])
def test_programs_of_any_name_are_compiled_under_plain_names(name: str, tmp_path: Path) -> None:
    toolchain = fake_compilers.make_toolchain(tmp_path, f'printf "%s\\n" "$@" >> {tmp_path}/words', COMPILES)
    fake_compilers.write_script(toolchain.stanc.path, f'printf "%s\\n" "$@" >> {tmp_path}/words', STANC)
    model = build(name, "// one", toolchain)

    words = (tmp_path / "words").read_text()
    assert model.name == name
    assert model.exe.exists()
    assert not any(line.startswith(name) for line in words.splitlines())
    assert not set(words) & set(";$()\"'`")


def test_make_gets_plain_names_and_no_folder_of_the_users(tmp_path: Path) -> None:
    folder = tmp_path / "a,b; touch X;$(touch Y)"
    folder.mkdir()
    (folder / "p.stanfunctions").write_text("// included")
    toolchain = _add_stanc(fake_compilers.make_toolchain(tmp_path, COMPILES))
    make = fake_compilers.write_script(
        tmp_path / "bin" / "make",
        'for target; do :; done; cat "${target%/*}/p.stanfunctions" >/dev/null || exit 1',
        f'printf "%s\\n" "$@" > {tmp_path}/words; echo made > "$target"',
    )
    (toolchain.home / "makefile").write_text("CMDSTAN_VERSION := 2.39.0\n")
    toolchain = replace(toolchain, source="cmdstan")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAKE", str(make))
        model = build("m$(x)", "#include p.stanfunctions", toolchain, include_paths=(folder,))

    assert model.exe.read_text() == "made\n"
    assert not set((tmp_path / "words").read_text()) & set(";$(),")


def test_without_a_plain_temporary_folder_make_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/a b")
    assert is_plain(find_plain_folder())
    monkeypatch.setattr("workbench.toolchain.cmdstan._TEMPORARY_FOLDERS", ())
    with pytest.raises(ToolchainError, match="`/a b`: its path has characters with a meaning for make"):
        find_plain_folder()


@pytest.mark.parametrize("words", ["x.s:12: Error: invalid character", "killed by the administrator"])
def test_the_reason_of_a_failure_is_found_without_the_word_error(tmp_path: Path, words: str) -> None:
    toolchain = fake_compilers.make_toolchain(tmp_path, f"echo 'In file a.hpp:'; echo '{words}'; exit 1")
    with pytest.raises(BuildFailed, match=f"failed to compile Stan's headers: {words}"):
        build_header(toolchain, False, SILENT)


def test_no_file_of_the_driver_includes_itself(tmp_path: Path) -> None:
    for source in _group_driver_sources(tmp_path):
        assert f'#include "{source.name}"' not in source.read_text()
