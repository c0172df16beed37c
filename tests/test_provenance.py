"""Hashes and seeds."""

from workbench import provenance


def test_parts_of_a_hash_cannot_run_into_each_other():
    assert provenance.hash_texts("a", "") != provenance.hash_texts("", "a")
    assert provenance.hash_texts("ab") != provenance.hash_texts("a", "b")


def test_the_hash_of_a_file_is_that_of_its_text(tmp_path):
    path = tmp_path / "f"
    path.write_text("workbench")
    assert provenance.hash_file(path) == provenance.hash_text("workbench")


def test_seeds_are_distinct_reproducible_and_what_stan_accepts():
    seeds = provenance.derive_seeds(0, 1000)
    assert seeds == provenance.derive_seeds(0, 1000)
    assert len(set(seeds)) == 1000
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert set(seeds).isdisjoint(provenance.derive_seeds(1, 1000))
