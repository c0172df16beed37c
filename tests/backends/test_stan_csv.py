"""Stan's CSV files are read exactly."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from workbench.backends.stan_csv import read_stan_csv, write_draws


def test_comments_between_rows_and_numbers_of_all_kinds(tmp_path):
    path = tmp_path / "output.csv"
    path.write_text("# method = sample\nlp__,b.1,n\n1e-05,-inf,3\n# Step size = 0.5\nnan,inf,-0.25\n#\n")
    names, rows, comments = read_stan_csv(path)
    assert names == ("lp__", "b.1", "n")
    np.testing.assert_array_equal(rows, [[1e-5, -np.inf, 3], [np.nan, np.inf, -0.25]])
    assert comments == [b"# method = sample\n", b"# Step size = 0.5\n", b"#\n"]


def test_every_digit_of_rows_longer_than_a_block(tmp_path):
    written = np.random.default_rng().normal(size=(2, 100_000))
    path = tmp_path / "output.csv"
    head = ",".join(f"x.{place}" for place in range(100_000))
    path.write_text("\n".join([head, *(",".join(map(repr, row.tolist())) for row in written)]))
    np.testing.assert_array_equal(read_stan_csv(path)[1], written)


def test_no_rows(tmp_path):
    (tmp_path / "output.csv").write_text("a,b\n# empty\n")
    assert read_stan_csv(tmp_path / "output.csv")[1].shape == (0, 2)


def test_whoever_reads_draws_while_they_are_written_again_reads_all_of_them(tmp_path):
    draws, path = np.arange(60_000.0).reshape(-1, 3), tmp_path / "draws.csv"
    write_draws(("a", "b[1]", "b[2]"), draws, path)
    with ThreadPoolExecutor(1) as pool:
        writing = [pool.submit(write_draws, ("a", "b[1]", "b[2]"), draws, path) for _ in range(5)]
        while not all(task.done() for task in writing):
            names, rows, _ = read_stan_csv(path)
            assert names == ("a", "b.1", "b.2")
            assert rows.shape == draws.shape
    assert [file.name for file in tmp_path.iterdir()] == ["draws.csv"]
