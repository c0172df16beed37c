"""Pages whose every line runs and prints what it says."""

import doctest
import shutil

import pytest

from tests.conftest import ROOT


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize(
    ("page", "least"), [("python.md", 30), ("nightly.md", 12), ("monitoring.md", 25), ("prior.md", 6)]
)
def test_every_line_of_a_page_prints_what_it_says(page, least, tmp_path, monkeypatch):
    for folder in ("data", "stan_models"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    found: list[str] = []
    test = doctest.DocTestParser().get_doctest(text, {}, page, f"docs/{page}", 0)
    doctest.DocTestRunner(optionflags=flags, verbose=False).run(test, out=found.append)
    assert "".join(found) == ""
    assert len(test.examples) > least
