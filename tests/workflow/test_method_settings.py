"""Methods from their names: which run, with which settings, and what is refused."""

from importlib import metadata

import pytest

from workbench.errors import MethodError
from workbench.methods import DEFAULT_METHODS, Auto, Laplace, Map, Mle, Nuts, Pathfinder
from workbench.workflow.method_settings import choose_methods, count_retries, read_init


def choose(*names, profile=(), nuts=None):
    return choose_methods(names, nuts or Nuts(), starts=4, profile=profile)


def test_without_a_name_all_methods_but_pathfinder_run():
    assert choose() == DEFAULT_METHODS


def test_each_name_brings_what_it_needs_and_repeats_nothing():
    assert choose("map") == (Map(False, 4), Map(True, 4))
    assert choose("nuts", "laplace", "map") == (Map(False, 4), Map(True, 4), Laplace(), Nuts())
    assert choose("pathfinder", "mle", profile=("mu",)) == (Mle(4, ("mu",)), Pathfinder())


def test_auto_chooses_by_itself():
    assert choose("auto") == (Auto(Nuts(), 4),)
    with pytest.raises(MethodError, match=r"`method`.*auto"):
        choose("auto", "mle")


@pytest.mark.parametrize(
    ("names", "settings", "place"),
    [
        (("gibbs",), {}, "`gibbs`"),
        (("nuts",), {"profile": ("mu",)}, "`profile`"),
        ((), {"nuts": Nuts(warmup=0)}, "`warmup`"),
    ],
)
def test_what_cannot_be_is_refused(names, settings, place):
    with pytest.raises(MethodError, match=place):
        choose(*names, **settings)


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (None, "the sampler nutpie is not installed"),
        ("0.13.2", "nutpie .* 0.16, found 0.13.2"),
        ("0.16.8", ""),
    ],
)
def test_a_sampler_that_is_not_installed_is_refused_with_the_command_that_installs_it(
    monkeypatch, version, message
):
    def find(name):
        if version is None:
            raise metadata.PackageNotFoundError(name)
        return version

    monkeypatch.setattr(metadata, "version", find)
    nutpie = Nuts(sampler="nutpie")
    if not message:
        assert choose("nuts", nuts=nutpie) == (nutpie,)
        return
    with pytest.raises(MethodError, match=message) as caught:
        choose("nuts", nuts=nutpie)
    assert caught.value.hint == "pip install 'stan-workbench[nutpie]'"


def test_a_retry_is_a_number_or_whether_at_all():
    assert [count_retries(retry) for retry in (False, True, 0, 5)] == [0, 2, 0, 5]


def test_initial_values_are_a_word_a_mapping_or_a_file(tmp_path):
    assert read_init("pathfinder") == ("pathfinder", None)
    path = tmp_path / "values.json"
    path.write_text('{"mu": 1.5}')
    assert read_init({"mu": 1.5}) == ("given", ({"mu": 1.5}, "`init`"))
    assert read_init(path) == ("given", ({"mu": 1.5}, "`values.json`"))


def test_initial_values_that_are_none_are_refused(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("y\n1\n")
    for init in ("given", "zero", tmp_path / "none.json", table):
        with pytest.raises(MethodError, match=str(init)):
            read_init(init)
