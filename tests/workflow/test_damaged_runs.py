"""Damaged run directories: whatever is in them, every command ends in time with a result or a sentence."""

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import workbench
from tests.conftest import DATA, STAN_MODELS
from tests.damage import damage_folder, list_files, run_within
from workbench import tables
from workbench.errors import BuildFailed, RequestError, RunIncomplete, StoreError
from workbench.results import run_directory
from workbench.workflow.builds import Builds
from workbench.workflow.check import examine_run
from workbench.workflow.predict import predict
from workbench.workflow.replay import replay
from workbench.workflow.report import read_runs, redraw_report, write_comparison
from workbench.workflow.resume import continue_run
from workbench.workflow.sensitivity import study_run
from workbench.workflow.study_options import StudyOptions

SEED = int(os.environ.get("WORKBENCH_SEED", "20"))
"""Other seeds give other damage."""

SECONDS = 60.0
"""The time that no command takes [s]; most take a hundredth."""

STUDY = StudyOptions(methods=("nuts",), with_prior=False)

TABLE = DATA / "mendel_peas.csv"


@pytest.fixture(scope="module")
def sound_run(tools, tmp_path_factory):
    """A small run with draws, modes, checks and the data of its program."""
    folder = tmp_path_factory.mktemp("sound") / "run"
    model = STAN_MODELS / "conjugate" / "beta_binomial.stan"
    workbench.fit(model, TABLE, chains=2, draws=100, warmup=100, output=folder, progress=False)
    return folder


@pytest.fixture
def only_this_program(sound_run, monkeypatch):
    """Compile the program of the sound run alone: damage makes others, and compiling them takes minutes."""
    source = run_directory.read(sound_run).results.model.source
    build = Builds._build_all

    def build_known(self, *sources):
        if self.request.program.source != source:
            raise BuildFailed("the program is another one.", command="")
        return build(self, *sources)

    monkeypatch.setattr(Builds, "_build_all", build_known)


def open_in_python(folder: Path) -> None:
    fit = workbench.load(folder)
    repr(fit)
    fit._repr_html_()
    fit.estimates()
    fit.draws_frame()


COMMANDS: dict[str, Callable[[Path, Path], object]] = {
    "check": lambda folder, _: examine_run(folder),
    "python": lambda folder, _: open_in_python(folder),
    "predict": lambda folder, _: predict(run_directory.read(folder), tables.read(TABLE)),
    "report": lambda folder, _: redraw_report(folder),
    "continue": lambda folder, _: continue_run(folder, 10),
    "replay": lambda folder, _: replay(folder),
    "sensitivity": lambda folder, _: study_run(folder, STUDY),
    "compare": lambda folder, sound: write_comparison(read_runs([folder, sound]), folder / "c.html"),
}


def change_record(sound: Path, place: Path, change: Callable[[Any], object]) -> Path:
    """Return a copy of a run whose record is changed."""
    folder = place / "run"
    shutil.copytree(sound, folder, ignore=shutil.ignore_patterns("study"))
    record = json.loads((folder / "run.json").read_text())
    change(record)
    (folder / "run.json").write_text(json.dumps(record))
    return folder


def damage_and_run(command: str, number: int, sound: Path, place: Path) -> str:
    """Return what is wrong with one command on one damaged run; nothing where it ends as it should."""
    rng = random.Random(f"{SEED} {command} {number}")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    done = damage_folder(sound, place / "run", "run.json", rng)
    before = list_files(place.parent)
    problem = run_within(SECONDS, lambda: COMMANDS[command](place / "run", sound))
    own = f"{place.name}/run/"
    after = list_files(place.parent)
    outside = [name for name in after if not name.startswith(own) and after[name] != before.get(name)]
    problem += f" wrote {outside}" if outside else ""
    return problem and f"{command} {number} ({done}): {problem}"


@pytest.mark.parametrize("command", ["predict", "replay", "continue"])
@pytest.mark.parametrize("name", ["../planted.stan", "{outside}/planted.stan", "a/../../planted.stan"])
def test_included_files_are_written_nowhere_else(command, name, sound_run, tmp_path):
    (tmp_path / "outside").mkdir()
    name = name.format(outside=tmp_path / "outside")
    folder = change_record(
        sound_run, tmp_path, lambda record: record["request"]["includes"].update({name: "x"})
    )
    before = list_files(tmp_path)
    with pytest.raises(RunIncomplete, match="not a plain name inside its folder"):
        COMMANDS[command](folder, sound_run)
    assert list_files(tmp_path) == before


@pytest.mark.parametrize("command", ["predict", "replay", "continue"])
def test_a_program_of_someone_else_reads_nothing_here(command, sound_run, tmp_path):
    (tmp_path / "secret.txt").write_text("a line of a file of someone else")
    include = f"#include ../../../../../../{tmp_path / 'secret.txt'}\n"
    folder = change_record(
        sound_run, tmp_path, lambda record: record["model"].update(source=include + record["model"]["source"])
    )
    with pytest.raises(RunIncomplete, match="which the run does not hold") as refusal:
        COMMANDS[command](folder, sound_run)
    assert "a line of" not in refusal.value.message


@pytest.mark.parametrize("part", ["model", "data"])
def test_a_study_quotes_no_file_that_is_not_that_of_the_run(part, sound_run, tmp_path):
    secret = tmp_path / "secret.stan"
    secret.write_text("a line of a file of someone else")
    folder = change_record(sound_run, tmp_path, lambda record: record[part].update(path=str(secret)))
    with pytest.raises(RequestError, match="has changed since this fit was made") as refusal:
        study_run(folder, STUDY)
    assert "a line of" not in refusal.value.message


def test_a_run_without_other_methods_and_times_is_continued(sound_run, tmp_path):
    folder = change_record(sound_run, tmp_path, lambda record: [record.pop("map"), record.pop("timings")])
    assert continue_run(folder, 10).results.nuts.draws == 110


@pytest.mark.parametrize("draws", [[1], None, "many", -1])
def test_a_study_refuses_settings_that_no_sampler_has(draws, sound_run, tmp_path):
    folder = change_record(sound_run, tmp_path, lambda record: record["nuts"]["settings"].update(draws=draws))
    with pytest.raises(RunIncomplete, match="a setting of `Nuts` that cannot be"):
        study_run(folder, STUDY)


@pytest.mark.parametrize("name", ["study", "study/kept"])
def test_a_study_is_not_written_through_a_link(name, sound_run, tmp_path):
    folder = change_record(sound_run, tmp_path, lambda record: None)
    (tmp_path / "elsewhere").mkdir()
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="link"):
        study_run(folder, STUDY)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("command", "count"),
    [
        ("check", 40),
        ("python", 30),
        ("predict", 12),
        ("report", 6),
        ("continue", 6),
        ("sensitivity", 3),
        ("compare", 3),
    ],
)
def test_damaged_runs_end_in_a_sentence(command, count, sound_run, only_this_program, tmp_path):
    problems = [damage_and_run(command, number, sound_run, tmp_path / "w") for number in range(count)]
    assert [problem for problem in problems if problem] == []


@pytest.mark.truth
@pytest.mark.parametrize("command", COMMANDS)
def test_a_thousand_damaged_runs_end_in_a_sentence(command, sound_run, only_this_program, tmp_path):
    problems = [damage_and_run(command, number, sound_run, tmp_path / "w") for number in range(1000, 1125)]
    assert [problem for problem in problems if problem] == []
