"""Licences of what is fetched agree with the headers; those of packages with their metadata."""

import re
from importlib import metadata

import pytest

from workbench.toolchain import packages
from workbench.toolchain.licences import list_fetched, list_packages


def test_every_fetched_component_has_a_version_and_a_licence():
    fetched = {part.name: part for part in list_fetched()}
    assert {"Stan and Stan Math", "Eigen", "Boost", "oneTBB", "SUNDIALS", "zig"} <= set(fetched)
    assert all(part.licence and part.role and part.source.startswith("https://") for part in fetched.values())
    assert [name for name, part in fetched.items() if not part.version] == [
        "RapidJSON",
        "clang and LLVM, in zig",
    ]


@pytest.mark.parametrize(
    ("name", "header", "words", "version"),
    [
        ("Boost", "boost/version.hpp", "Boost|Software License", r'LIB_VERSION "(\d+)_(\d+)"'),
        (
            "Eigen",
            "Eigen/src/Core/util/Macros.h",
            "Mozilla",
            r"WORLD_VERSION (\d+)[^#]*#[^#]*MAJOR_VERSION (\d+)",
        ),
        ("oneTBB", "tbb/tbb_stddef.h", "Apache License", r"MAJOR (\d+)\s*#define TBB_VERSION_MINOR (\d+)"),
        ("SUNDIALS", "sundials/sundials_config.h", "LICENSE", r'SUNDIALS_VERSION "(\d+)\.(\d+)'),
    ],
)
def test_versions_are_those_of_the_headers(tools, name, header, words, version):
    text = (tools.home / "include" / header).read_text(encoding="utf-8", errors="replace")
    (part,) = (part for part in list_fetched() if part.name == name)
    found = re.search(version, text)
    assert found is not None
    assert part.version.startswith(".".join(found.groups()))
    assert re.search(words, text)


def test_packages_are_those_that_are_needed_with_the_extra_that_needs_them():
    found = {part.name: part for part in list_packages()}
    assert {"numpy", "typer", "markupsafe", "xarray-einstats"} <= set(found)
    assert found["numpy"].role == ""
    assert not {"pytest", "mypy", "stan-workbench"} & set(found)
    if "distributed" in found:
        assert found["distributed"].role == "extra dask"
    assert all(part.version == metadata.version(name) and part.licence for name, part in found.items())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("h5netcdf[h5py] (>=1.4)", ("", "h5netcdf", {"h5py"})),
        ("distributed>=2026.1; extra == 'dask'", ("dask", "distributed", set())),
        ('Typing_Extensions>=4; python_version < "3.12"', ("", "typing-extensions", set())),
        ("a[x, y]>=1 ; (python_version < '4') and extra == \"b\"", ("b", "a", {"x", "y"})),
    ],
)
def test_requirements_are_read(monkeypatch, line, expected):
    monkeypatch.setattr(metadata, "requires", lambda package: [line])
    assert list(packages._read_requirements("some")) == [expected]
