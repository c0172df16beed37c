"""Every message of wrong commands, whole, in one file: `messages.txt` is read as a user would read it.

`WRITE=1 pytest tests/cli/test_messages.py` writes the file again; read the difference before keeping it.
"""

import os
import shlex
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import SCHOOLS

MESSAGES = Path(__file__).with_name("messages.txt")
"""The messages, each below its command."""

STAN, CSV = (path.name for path in SCHOOLS)

EDITS = {
    "no_semicolon.stan": (STAN, "real mu;", "real mu"),
    "no_card.toml": ("eight_schools.toml", "title", "title ="),
    "text.csv": (CSV, "B,8,10", "B,eight,10"),
    "empty.csv": (CSV, "B,8,10", "B,,10"),
    "negative.csv": (CSV, "B,8,10", "B,8,-10"),
    "renamed.csv": (CSV, "school,y,sigma", "school,y,se"),
}
"""Files made from the eight schools by one change: from which file, what, and by what."""

COMMANDS = [
    f"fit none.stan {CSV}",
    f"fit {STAN} none.csv",
    f"fit liner {CSV}",
    "fit no_semicolon.stan eight_schools.csv",
    "fit no_card.stan eight_schools.csv",
    f"fit {STAN} text.csv",
    f"fit {STAN} empty.csv",
    f"fit {STAN} negative.csv",
    f"fit {STAN} renamed.csv",
    f"fit {STAN}",
    f"fit {STAN} {CSV} --column y=efect",
    f"fit {STAN} {CSV} --column y",
    f"fit {STAN} {CSV} --column y=a --column y=b",
    f"fit {STAN} {CSV} --set L=1",
    f"fit {STAN} {CSV} --set J=x",
    f"fit {STAN} {CSV} --reference school",
    f"fit {STAN} {CSV} --missing guess",
    f"fit {STAN} {CSV} --prior tau_prior_scal=1",
    f"fit {STAN} {CSV} --prior tau_prior_scale=wide",
    f"fit {STAN} {CSV} --prior mu_prior_sd=-1",
    f"fit {STAN} {CSV} --role 'line 1=prior'",
    f"fit {STAN} {CSV} --role 'line 34=mystery'",
    f"fit {STAN} {CSV} --scale all",
    f"fit {STAN} {CSV} --method gibbs",
    f"fit {STAN} {CSV} --method auto,mle",
    f"fit {STAN} {CSV} --method nuts --profile mu",
    f"fit {STAN} {CSV} --profile beta",
    f"fit {STAN} {CSV} --starts 0",
    f"fit {STAN} {CSV} --chains 0",
    f"fit {STAN} {CSV} --draws 1",
    f"fit {STAN} {CSV} --warmup 0",
    f"fit {STAN} {CSV} --adapt-delta 1.5",
    f"fit {STAN} {CSV} --max-treedepth 50",
    f"fit {STAN} {CSV} --init zero",
    f"fit {STAN} {CSV} --init none.json",
    f"fit {STAN} {CSV} --init {CSV}",
    f"fit {STAN} {CSV} --metric unit",
    f"fit {STAN} {CSV} --level 1.5",
    f"fit {STAN} {CSV} --output taken --draws 10 --warmup 20 --method mle",
    f"fit {STAN} {CSV} --column y=efect --set tau_prior_scale=-1",
    f"fit {STAN} {CSV} --column y=efect --set tau_prior_scale=-1 --dry-run",
    f"fit {STAN} {CSV} --toolchain conda",
    "check",
    "check nowhere",
    "check --explain WB999",
    "continue nowhere",
    "continue schools@1",
    "explore schools@champion",
    "replay nowhere",
    "report nowhere",
    "report nowhere --output x.html",
    f"predict nowhere {CSV}",
    "inspect none.stan",
    f"inspect {STAN} --role 'line 1=prior'",
    "models liner",
    "new taken/mine --from liner",
    f"new {STAN} --from eight_schools",
    "sensitivity taken",
    "sensitivity schools@1",
    f"sensitivity {STAN} {CSV} --vary tau=1,2",
    f"sensitivity {STAN} {CSV} --missing guess",
]
"""Commands that are refused."""


@pytest.fixture
def folder(tmp_path):
    for path in (*SCHOOLS, SCHOOLS[0].with_suffix(".toml")):
        shutil.copy(path, tmp_path)
    shutil.copy(SCHOOLS[0], tmp_path / "no_card.stan")
    for name, (source, old, new) in EDITS.items():
        text = (tmp_path / source).read_text()
        assert old in text
        (tmp_path / name).write_text(text.replace(old, new, 1))
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.tex").write_text("precious")
    return tmp_path


@pytest.mark.usefixtures("tools")
def test_messages_are_those_of_the_file(workbench, folder):
    printed = []
    for command in COMMANDS:
        done = workbench(*shlex.split(command), *(["-q"] if command.startswith(("fit", "sens")) else []))
        assert done.returncode in (2, 3, 5), f"{command}\n{done.stdout}{done.stderr}"
        assert done.stderr.startswith("error: ")
        assert "Traceback" not in done.stderr
        printed.append(f"$ workbench {command}\n{done.stderr.strip()}\nexit {done.returncode}\n")
    text = "\n".join(printed)
    if os.environ.get("WRITE"):
        MESSAGES.write_text(text, encoding="utf-8")
    assert text == MESSAGES.read_text(encoding="utf-8")
    assert str(folder) not in text
    assert (folder / "taken" / "thesis.tex").read_text() == "precious"
