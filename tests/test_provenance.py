"""Hashes and seeds."""

from workbench import provenance


def test_a_hash_of_texts_depends_on_where_each_ends():
    assert provenance.hash_texts("a", "") != provenance.hash_texts("", "a")
    assert provenance.hash_texts("ab") != provenance.hash_texts("a", "b")


def test_a_file_has_the_hash_of_its_text(tmp_path):
    path = tmp_path / "f"
    path.write_text("workbench")
    assert provenance.hash_file(path) == provenance.hash_text("workbench")


def test_seeds_are_distinct_reproducible_and_accepted_by_stan():
    seeds = provenance.derive_seeds(0, 1000)
    assert seeds == provenance.derive_seeds(0, 1000)
    assert len(set(seeds)) == 1000
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert set(seeds).isdisjoint(provenance.derive_seeds(1, 1000))
