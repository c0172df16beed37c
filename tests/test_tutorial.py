"""`docs/python.md`: every line of the tutorial runs and prints what it says."""

import doctest
import shutil

import pytest

from tests.conftest import ROOT


@pytest.mark.usefixtures("tools")
def test_every_line_of_the_tutorial_prints_what_it_says(tmp_path, monkeypatch):
    for folder in ("data", "stan_models"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    found: list[str] = []
    test = doctest.DocTestParser().get_doctest(text, {}, "python.md", "docs/python.md", 0)
    doctest.DocTestRunner(optionflags=flags, verbose=False).run(test, out=found.append)
    assert "".join(found) == ""
    assert len(test.examples) > 30
