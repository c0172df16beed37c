"""References: those of the methods that were used, in words and as BibTeX, each cited in the paragraph."""

from __future__ import annotations

import re

import pytest

from tests.report.documents import join_text, without
from tests.report.simulated import simulate_fit
from workbench.report.document import Disclosure, Quote
from workbench.report.fit import references
from workbench.report.fit.methods_paragraph import build_section
from workbench.report.fit.references import Reference, format_bibtex, list_references
from workbench.results.view import Results

ALL = [work for work in vars(references).values() if isinstance(work, Reference)]


def with_everything() -> Results:
    record = simulate_fit().record
    ok = {"status": "ok", "khat": 0.3, "estimates": record["laplace"]["estimates"]}
    outcomes = {"status": "ok", "outcomes": {"y": {"name": "y_rep"}}}
    return simulate_fit(
        pathfinder=ok,
        mle={**record["mle"], "optimizer": "L-BFGS"},
        nuts={**record["nuts"], "sampler": "nutpie 0.16.8", "settings": {"metric": "diag"}},
        predictive=record.get("predictive", outcomes),
        loo={**record["loo"], "sampled": 1000, "sampling_se": 0.1},
    ).results


def keys(results: Results) -> set[str]:
    return {reference.key for reference in list_references(results)}


def test_every_work_is_cited_when_everything_was_used():
    results = with_everything()
    assert keys(results) == {work.key for work in ALL} | {"stan"}
    paragraph = build_section(results).blocks[1]
    assert isinstance(paragraph, Quote)
    for work in ALL:
        names = [author.split(",")[0] for author in work.authors]
        short = names[0] if len(names) == 1 else f"{names[0]} et al." if len(names) > 2 else None
        joined = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
        cited = (f"{short} {work.year}", f"{joined} {work.year}")
        assert any(each in paragraph.text for each in cited), work.key


def test_works_behind_what_was_not_done_are_left_out():
    fit = without(simulate_fit(), "nuts", "laplace", "loo", "power_scaling", "predictive")
    assert keys(fit.results) == {"stan", "carpenter2017stan"}
    assert "Seyboldt" not in join_text(build_section(simulate_fit().results))


def test_another_optimiser_is_not_cited_as_l_bfgs():
    record = simulate_fit().record
    newton = simulate_fit(mle={**record["mle"], "optimizer": "Newton"}).results
    assert "liu1989lbfgs" not in keys(newton)
    assert "L-BFGS" not in join_text(build_section(newton))


@pytest.mark.parametrize("work", ALL, ids=lambda work: work.key)
def test_an_entry_is_complete_and_in_ascii(work):
    assert work.bibtex.isascii()
    assert work.bibtex.count("{") == work.bibtex.count("}")
    fields = dict(re.findall(r"^  (\w+) = \{(.*)\},?$", work.bibtex, re.MULTILINE))
    assert {"author", "title", "year"} <= set(fields)
    assert fields["author"].count(" and ") == len(work.authors) - 1
    assert {"doi", "url"} & set(fields)
    if work.bibtex.startswith("@article"):
        assert {"journal", "volume", "pages"} <= set(fields)
    else:
        assert fields["archiveprefix"] == "arXiv"


def test_a_reference_in_words():
    assert references.LBFGS.text == (
        "Liu, D. C. and Nocedal, J. (1989). On the limited memory BFGS method for large scale optimization. "
        "Mathematical Programming 45, 503–528. doi:10.1007/BF01589116"
    )
    assert references.NUTPIE.text.endswith("arXiv:2603.18845. https://arxiv.org/abs/2603.18845")


def test_the_version_of_stan_is_a_version():
    claimed = {**simulate_fit().record["toolchain"], "stan": "2.39.0}} @misc{evil"}
    text = format_bibtex(simulate_fit(toolchain=claimed).results)
    assert "note = {Version 2.39.0}" in text
    assert "evil" not in text


def test_the_report_holds_the_file():
    results = simulate_fit().results
    folded = build_section(results).blocks[-1]
    assert isinstance(folded, Disclosure)
    assert folded.blocks == (Quote("methods-bibtex", format_bibtex(results).rstrip("\n"), is_verbatim=True),)
