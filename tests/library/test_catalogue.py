"""Bundled models found by name, in a checkout and in a wheel, and copied by a user."""

import re
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from workbench import library, process
from workbench.errors import RequestError, StoreError
from workbench.library import catalogue
from workbench.program import read_program as parse_program
from workbench.workflow.read_program import read_program


def test_every_program_of_the_checkout_is_listed_family_by_family():
    programs = {path.stem for path in (ROOT / "stan_models").glob("*/*.stan")}
    assert {model.name for model in library.list_models()} == programs == set(library.list_names())
    families = [model.family for model in library.list_models()]
    assert families == sorted(families, key=catalogue.FAMILIES.index)


def test_a_bundled_name_means_its_program_and_its_table():
    program, table = library.resolve("beta_binomial")
    assert program.name == "beta_binomial.stan"
    assert table is not None
    assert table.name == "mendel_peas.csv"
    assert table.is_file()


def test_a_file_has_priority_over_a_bundled_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("beta_binomial").write_text("parameters { real x; }")
    assert library.resolve("beta_binomial") == (Path("beta_binomial"), None)
    assert library.resolve("folder/model.stan") == (Path("folder/model.stan"), None)
    (tmp_path / "mine.stan").write_text("model { }")
    assert library.resolve("mine") == (Path("mine.stan"), None)  # no bundled model has that name
    (tmp_path / "linear.stan").write_text("model { }")
    assert library.resolve("linear")[0].name == "linear.stan"
    assert library.resolve("linear")[0].is_absolute()  # the bundled model


def test_an_unknown_name_is_answered_with_similar_names():
    with pytest.raises(RequestError, match="`beta_binomal`") as caught:
        library.resolve("beta_binomal")
    assert "`beta_binomial`" in str(caught.value.hint)
    with pytest.raises(RequestError) as caught:
        library.find("xyz")
    assert caught.value.hint == "`workbench models` lists them"


def test_a_model_is_found_by_the_hash_of_its_program(tmp_path):
    from workbench.provenance import hash_texts

    model = library.find("gamma_poisson")
    source = model.program.read_text(encoding="utf-8")
    assert library.find_by_hash(hash_texts(source)) == model
    assert library.find_by_hash(hash_texts(source + "\n")) is None


@pytest.mark.parametrize("name", [model.name for model in library.list_models()])
def test_no_card_takes_the_likelihood_for_something_else(name, tools):
    """The roles of a card settle densities of parameters; a wrong line once made a likelihood a prior."""
    program = library.find(name).program
    without, settled = parse_program(program, tools.stanc), read_program(program, {}, tools)
    assert any(term.role == "likelihood" for term in settled.terms)
    changed = [
        before
        for before, after in zip(without.terms, settled.terms, strict=True)
        if after.role != before.role
    ]
    assert all(before.role == "latent" for before in changed)


def test_a_copy_is_the_program_and_its_card(tmp_path):
    files = library.copy_model(library.find("linear"), tmp_path / "new" / "mine", with_table=True)
    assert [file.name for file in files] == ["mine.stan", "mine.toml", "kidiq.csv"]
    model = library.find("linear")
    assert files[0].read_bytes() == model.program.read_bytes()
    assert files[2].read_bytes() == model.table.read_bytes()


def test_a_copy_overwrites_nothing(tmp_path):
    (tmp_path / "mine.toml").write_text("title = 'mine'")
    with pytest.raises(RequestError, match=r"`.*mine.toml` exists"):
        library.copy_model(library.find("linear"), tmp_path / "mine.stan")
    assert not (tmp_path / "mine.stan").exists()


def test_a_copy_needs_a_folder_that_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file` is a file, not a folder"):
        library.copy_model(library.find("linear"), tmp_path / "file" / "mine")


def test_the_wheel_carries_models_and_tables(tmp_path):
    """Build a wheel as pip does, unpack it, and find a model in it."""
    import sys

    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    assert process.run(argv, cwd=ROOT, timeout=120).returncode == 0
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        "from workbench import library\n"
        "model = library.find('linear')\n"
        "print(model.program, model.table, model.table.is_file())"
    )
    done = process.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site")},
        timeout=60,
    )
    program, table, is_there = done.stdout.split()
    assert program == str(tmp_path / "site/workbench/bundled/stan_models/regression/linear.stan")
    assert table.endswith("bundled/data/kidiq.csv")
    assert is_there == "True"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read: "),
        ("title = ", "cannot be read: "),
        ('origin = "a"', "lacks `title`"),
        ('title = "a"\norigin = "b"\nlicence = "c"\nrows = 1\nsha256 = ""\n[columns]\ny = 3', "another form"),
    ],
)
def test_a_card_of_a_table_that_lacks_something_is_named(text, said, tmp_path):
    if text is not None:
        (tmp_path / "t.toml").write_text(text)
    with pytest.raises(RequestError, match=re.escape(f"the card `{tmp_path / 't.toml'}`")) as caught:
        library.read_table_card(tmp_path / "t.csv")
    assert said in caught.value.message
