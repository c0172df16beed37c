"""The audit page: what it says is what the events say, on numbers known in advance."""

import re

import pytest

from tests.registry.remembered import add, summarise, write_events
from tests.report.audit.pages import build, find_section, find_table, read
from tests.report.test_page import HOSTILE
from workbench.errors import RequestError
from workbench.registry.events import Approved, Described, Failed, Gated, Moved, RefitJob, VersionsPruned
from workbench.registry.gate.criteria import failed, passed
from workbench.report.audit import build_audit_report
from workbench.report.document import Tone

WIDER = {"mu.sigma": 10.0, "tau.sigma": 5.0}
ORIGINS = {"mu.sigma": "--prior", "tau.sigma": "default of radon.toml"}
MOVED = {"mu": (2.0, 0.8), "tau": (2.0, 0.8)}
"""Against the estimates of `summarise`: `mu` moved by 1 combined SD, `tau` not at all."""


def move(version, before=None, **more):
    return Moved(name="radon", alias="champion", version=version, before=before, **more)


@pytest.fixture
def story(tmp_path):
    """Three versions: the second changes a prior and is put in use, the third has other data and failed."""
    return build(
        tmp_path / "r",
        add(1, alias="champion"),
        Described(name="radon", owner="Health", purpose="houses", limits="not for single rooms"),
        ("bob", add(2, summarise(MOVED, priors=WIDER, prior_origins=ORIGINS), parent=1, note="wider")),
        ("carol", Approved(name="radon", version=2, note="looked at")),
        (
            "carol",
            Gated(
                name="radon", version=2, champion=1, is_passed=True, criteria=(passed("verdict", "ok", "ok"),)
            ),
        ),
        ("carol", move(2, 1, reason="review")),
        (
            "bob",
            add(
                3,
                summarise(
                    MOVED, priors=WIDER, data="3" * 64, rows=7, verdict="fail", findings=("WB101",), seed=9
                ),
                parent=2,
            ),
        ),
    )


def test_the_first_screen_says_what_is_in_use_and_what_it_changed(story):
    verdict = story.verdict
    assert verdict.tone is Tone.OK
    assert re.fullmatch(r"Version 2 has been in use since \d{4}-\d\d-\d\d \d\d:\d\d UTC\.", verdict.sentence)
    added = find_table(story, "versions-table")[1]["Added"]
    assert verdict.found == (
        "Put in use by carol: `champion` of radon moved from version 1 to version 2: review. "
        f"It was added {added}: wider."
    )
    assert [reason.text for reason in verdict.reasons] == [
        "Verdict ok: every check that was made passed, tips aside.",
        "Approved of by carol (“looked at”).",
        "Gate: passed against version 1.",
        "Against version 1, in use before it: 1 prior changed (`mu.sigma` from 5 to 10); nothing else that "
        "is remembered. 2 estimates moved by 0.71 combined SDs (root mean square), most of all `mu` by "
        "+1.00, `tau` by 0.00.",
    ]


def test_a_change_of_priors_says_who_when_and_what_it_did(story):
    assert find_table(story, "priors-table") == [
        {
            "Version": "version\N{NO-BREAK SPACE}2",
            "Against": "1, in use when it was added",
            "When and by whom": find_table(story, "versions-table")[1]["Added"].replace(
                " by bob", ", added by bob"
            ),
            "Priors": "`mu.sigma` from 5 to 10 (set by --prior; before, default of radon.toml)",
            "What else changed": "nothing that is remembered",
            "Estimates": "2 estimates moved by 0.71 combined SDs (root mean square), most of all `mu` by "
            "+1.00, `tau` by 0.00",
        }
    ]


def test_moves_stand_beside_everything_that_changed(story):
    newest, oldest = find_table(story, "changes")
    assert (oldest["Priors"], oldest["All moved"], oldest["Largest move"]) == ("1", "0.71", "+1.00")
    assert newest["What else changed"] == "data, rows and seed; version 3 failed the checks"
    assert (newest["Version"], newest["Against"], newest["Priors"]) == (
        "version\N{NO-BREAK SPACE}3",
        "2",
        "0",
    )


def test_scores_of_different_data_are_not_compared(story):
    text = read(story)[1]
    assert "The data changed with version 3." in text
    rows = find_table(story, "scores-table")
    assert [(row["Version"], row["Data"], row["Rows"]) for row in rows] == [
        ("3", "2", "7"),
        ("2", "1", "8"),
        ("1", "1", "8"),
    ]
    assert [row["Leave-one-out"] for row in rows] == ["not reliable (failed fit)", *["no issue"] * 2]
    assert [row["Versions"] for row in find_table(story, "data-table")] == ["3", "1, 2"]


def test_scores_of_one_table_can_be_compared_unless_other_columns_are_used(tmp_path):
    same = build(tmp_path / "one", add(1), add(2, parent=1))
    assert "All versions have the same data" in read(same)[1]
    other = summarise(columns={"y": "column `z`", "mu.sigma": "--prior"})
    text = read(build(tmp_path / "two", add(1), add(2, other, parent=1)))[1]
    assert "Other columns of the same table than in a version before: version 2." in text


def test_versions_have_their_story(story):
    newest, champion, first = find_table(story, "versions-table")
    assert champion["Aliases"] == "champion"
    assert champion["In use"].startswith("since ")
    assert first["In use"].count("UTC") == 2
    assert newest["In use"] == "never"
    assert (champion["Approved by"], newest["Approved by"]) == ("carol: looked at", "nobody")
    assert (champion["Gate"], newest["Gate"]) == ("passed against version 1", "not put to one")
    assert (newest["Verdict"], newest["Not passed"]) == ("fail", "WB101")
    assert champion["Note"] == "wider"


def test_each_event_is_a_row_whatever_its_kind(tmp_path):
    events = write_events(tmp_path / "r", add(1), move(1), add(1, name="other"))
    document = build_audit_report(events, "radon", "here", lambda content: f"kind {type(content).__name__}")
    rows = find_table(document, "history-table")
    assert [row["What"] for row in rows] == ["kind Moved", "kind Added"]
    assert [row["Hash"] for row in rows] == [events[1].hash[:12], events[0].hash[:12]]
    text = read(document)[1]
    assert "Left out: 1 event about other models." in text
    assert events[-1].hash in text
    assert "no keys are trusted" in text
    assert "2 events, the newest first (added 1, moved 1)" in text


def test_a_rollback_and_a_removed_champion_are_told(tmp_path):
    back = build(
        tmp_path / "one",
        add(1, alias="champion"),
        add(2, summarise(priors=WIDER), parent=1, alias="champion"),
        move(1, 2, reason="drift", is_rollback=True),
    )
    assert back.verdict.sentence.startswith("Version 1 has been in use since")
    assert "moved back from version 2 to version 1: drift" in back.verdict.found
    assert "Against version 2, in use before it: 1 prior changed (`mu.sigma` from 10 to 5)" in (
        back.verdict.reasons[-1].text
    )
    gone = build(tmp_path / "two", add(1, alias="champion"), move(None, 1))
    assert gone.verdict is None
    assert re.match(r"No version has been in use since .*; until then it was version 1\.", gone.opening[0])
    never = build(tmp_path / "three", add(1))
    assert "`champion` never pointed to one. The newest is version 1" in never.opening[0]


def test_one_version_makes_a_page(tmp_path):
    document = build(tmp_path / "r", add(1, alias="champion"))
    text = read(document)[1]
    assert "Version 1 is the first one: there is none to compare it with." in text
    assert "There is one version, and none to compare it with." in text
    assert "moved most" not in text


def test_no_change_of_priors_is_said_and_what_cannot_be_seen(tmp_path):
    text = read(build(tmp_path / "one", add(1), add(2, parent=1)))[1]
    assert "No prior that is set from outside the program changed" in text
    document = build(tmp_path / "two", add(1), add(2, summarise(program="9" * 64), parent=1))
    text = read(document)[1]
    assert "The program changed in version 2: priors that it states itself may have changed with it." in text
    assert "2 programs: quantities of one name need not mean the same" in text


def test_what_else_changed_stands_beside_changed_priors(tmp_path):
    other = summarise(MOVED, priors=WIDER, data="3" * 64, seed=2)
    document = build(tmp_path / "r", add(1, alias="champion"), add(2, other, parent=1, alias="champion"))
    assert find_table(document, "priors-table")[0]["What else changed"] == "data and seed"
    assert "What else changed may have moved them too." in document.verdict.reasons[-1].text


def test_a_failed_gate_names_its_criteria(tmp_path):
    gate = Gated(name="radon", version=1, is_passed=False, criteria=(failed("log score", "−3", "above −2"),))
    document = build(tmp_path / "r", add(1), gate)
    assert find_table(document, "versions-table")[0]["Gate"] == "failed (log score)"


def test_failed_jobs_have_a_table_and_those_since_the_newest_version_a_sentence(tmp_path):
    def fail(cause):
        job = RefitJob(way="full", data="4" * 64, base=1, table="new.csv")
        return "cron", Failed(name="radon", job=job, cause=cause, message="no column `y`.", seconds=3.0)

    document = build(
        tmp_path / "r",
        add(1, alias="champion"),
        fail("BuildFailed"),
        add(2, parent=1),
        *[fail("BindingError")] * 2,
    )
    assert re.match(
        r"2 jobs failed since the newest version was added, the last one .* UTC \(BindingError\)\.",
        document.verdict.reasons[-1].text,
    )
    assert "3 jobs failed: BindingError (2) and BuildFailed (1)." in read(document)[1]
    row = find_table(document, "failures-table")[2]
    assert (row["Event"], row["Cause"], row["Took"]) == ("event\N{NO-BREAK SPACE}2", "BuildFailed", "3.0 s")
    assert row["What"] == "refit (full) of version 1 with `new.csv`, data 444444444444"
    assert row["Reason"] == "no column `y`."
    fine = build(tmp_path / "two", add(1, alias="champion"), fail("BuildFailed"), add(2, parent=1))
    assert "since the newest" not in read(fine)[1]
    assert "No failed job is recorded." in read(build(tmp_path / "three", add(1)))[1]


def test_versions_with_other_quantities_methods_and_levels_are_told(tmp_path):
    document = build(
        tmp_path / "r",
        add(1),
        add(2, summarise({"mu": (1.0, 1.0), "new": (0.0, 1.0)}), parent=1),
        add(3, summarise({"mu": (1.0, 1.0), "new": (0.0, 1.0)}, level=0.8), parent=2, alias="champion"),
        add(4, summarise(method="map"), parent=3),
        add(5, summarise({}, method="", verdict=""), parent=3),
    )
    row = find_table(document, "changes")[-1]
    assert row["What else changed"] == "nothing that is remembered; 1 quantity gone; 1 quantity new"
    pictures = find_section(document, "estimates").blocks[0]
    assert [figure.caption for figure in pictures.figures] == ["`mu`", "`new`", "`tau`"]
    assert pictures.figures[2].alt == "tau: version 1 2."
    text = read(document)[1]
    assert "Not drawn: versions 4, 5, whose estimates are by another method, or missing." in text
    assert "Intervals have another probability in versions 1, 2." in text
    assert "estimates by NUTS and by MAP" not in text, "no prior changed there"
    assert [row["All moved"] for row in find_table(document, "changes")][:2] == ["–", "–"]


def test_of_many_quantities_those_that_moved_most_are_drawn(tmp_path):
    before = {f"b[{place}]": (0.0, 1.0) for place in range(1, 31)}
    after = {**before, "b[30]": (5.0, 1.0), "b[7]": (-3.0, 1.0)}
    document = build(tmp_path / "r", add(1, summarise(before)), add(2, summarise(after), parent=1))
    pictures = find_section(document, "estimates").blocks[0]
    captions = [figure.caption for figure in pictures.figures]
    assert len(captions) == 12
    assert captions[:3] == ["`b[30]`", "`b[7]`", "`b[1]`"]
    assert "12 of 30 quantities are drawn: those that moved most" in pictures.explanation


def test_pruned_versions_keep_their_page(tmp_path):
    contents = (add(1, alias="champion"), add(2, summarise(MOVED, priors=WIDER), parent=1, alias="champion"))
    whole = build(tmp_path / "one", *contents)
    pruned = build(tmp_path / "two", *contents, VersionsPruned(name="radon", versions=(1,), keep=1))
    moves = [find_table(document, "priors-table")[0]["Estimates"] for document in (whole, pruned)]
    assert moves[0] == moves[1]
    assert find_table(pruned, "scores-table")[1]["Run"] == "pruned"


def test_two_hundred_versions_make_one_page(tmp_path):
    contents = [
        add(number, summarise(seed=number, elpd=-number / 7), parent=number - 1 or None, alias="champion")
        for number in range(1, 201)
    ]
    document = build(tmp_path / "r", *contents)
    page, text = read(document)
    assert len(find_table(document, "versions-table")) == 200
    assert "Version 200 has been in use since" in text
    assert len(page.all("svg")) == 2
    assert page.all("svg")[0].attributes


def test_hostile_texts_are_shown_as_text(tmp_path):
    hostile = " ".join(HOSTILE).replace("\ud800", "")
    estimates = {f"mu {hostile}": (1.0, 1.0), f"tau {hostile}": (1.0, 1.0)}
    fields = ("model", "table", "verdict", "workbench", "stan", "compiler", "command", "updated_from", "data")
    texts = dict.fromkeys(fields, hostile)
    summary = summarise(
        estimates,
        **texts,
        priors={hostile: hostile},
        prior_origins={hostile: hostile},
        findings=(hostile,),
        settings={hostile: hostile},
        columns={hostile: hostile},
    )
    document = build(
        tmp_path / "r",
        (hostile, add(1, summarise(estimates), name=hostile, alias=hostile, note=hostile)),
        (hostile, add(2, summary, name=hostile, parent=1, alias="champion", note=hostile)),
        (hostile, Approved(name=hostile, version=2, note=hostile)),
        (hostile, Described(name=hostile, owner=hostile, purpose=hostile, limits=hostile)),
        name=hostile,
    )
    page, text = read(document)
    plain = read(
        build(tmp_path / "plain", add(1), add(2, summarise(priors=WIDER), parent=1, alias="champion"))
    )[0]
    for tag in ("script", "img", "iframe", "object", "link", "meta", "style"):
        assert len(page.all(tag)) == len(plain.all(tag)), tag
    assert not [key for element in page.elements for key in element.attributes if key.startswith("on")]
    assert "<script>alert(1)</script>" in text
    assert not re.search("[\x00\x07\u202e]", text)


def test_a_name_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(RequestError, match="`other` is not in the registry"):
        build(tmp_path / "r", add(1), name="other")


def test_a_rollback_puts_no_mark_at_the_version_that_is_used_again(tmp_path):
    contents = (add(1, alias="champion"), add(2, summarise(priors=WIDER), parent=1, alias="champion"))
    once = build(tmp_path / "one", *contents)
    back = build(tmp_path / "two", *contents, move(1, 2, is_rollback=True))
    marks = [
        find_section(document, "estimates").blocks[0].figures[0].drawing.paint.args[3]
        for document in (once, back)
    ]
    assert marks == [(2,), (2,)]
