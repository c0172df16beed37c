"""What a command does not need, it does not import; what it needs late comes while Stan runs."""

import subprocess
import sys

import pytest

from tests.report.simulated import simulate_fit
from workbench.results import store

NOT_NEEDED = (
    "matplotlib.figure",
    "scipy.special",
    "scipy.stats",
    "arviz_stats",
    "arviz_base",
    "jinja2",
    "pygments",
)
"""Packages that take long, and that a fit needs after Stan has finished, if at all."""


def list_imported(code):
    script = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_estimates_are_reached_without_what_draws_and_summarises():
    code = "import workbench.workflow.estimate_request, workbench.report.fit.terminal_page"
    assert not set(NOT_NEEDED) & set(list_imported(code))


def test_the_document_of_a_report_is_built_without_matplotlib():
    assert "matplotlib.figure" not in list_imported("import workbench.report.fit.report")


@pytest.mark.parametrize(
    "arguments",
    [
        ("fit", "nothing.stan", "nothing.csv"),
        ("predict", "nothing", "nothing.csv"),
        ("score", "nothing", "nothing.csv"),
        ("update", "nothing", "nothing.csv"),
        ("sensitivity", "nothing.stan", "nothing.csv"),
    ],
)
def test_a_missing_file_is_told_without_what_takes_long(arguments):
    code = (
        "from workbench.cli import main\n"
        f"sys.argv = {['workbench', *arguments]}\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code in (2, 5)"
    )
    late = {"workbench.program", "scipy", "pandas", "xarray", "cmdstanpy", "distributed", "matplotlib"}
    assert not late & set(list_imported(code))


def test_an_attribute_imports_the_module():
    code = "from workbench.late_imports import LateModule\nLateModule('json.tool').main"
    assert "json.tool" in list_imported(code)


def test_an_examination_of_a_late_module_imports_nothing():
    code = (
        "from workbench.late_imports import LateModule\n"
        "late = LateModule('json.tool')\n"
        "hasattr(late, '__wrapped__'), repr(late)"
    )
    assert "json.tool" not in list_imported(code)


@pytest.mark.parametrize("names", ["('json.tool', 'no_such_package')", "('json.tool',)"])
def test_imports_in_the_background_pass_over_what_is_missing(names):
    code = (
        "import threading\n"
        "from workbench import late_imports\n"
        f"late_imports.WHILE_WAITING = {names}\n"
        "late_imports.import_while_waiting()\n"
        "[thread.join() for thread in threading.enumerate() if thread.name == 'imports']"
    )
    assert "json.tool" in list_imported(code)


SCIENTIFIC = (
    "pandas",
    "pyarrow",
    "scipy",
    "xarray",
    "h5py",
    "arviz_stats",
    "arviz_base",
    "cmdstanpy",
    "matplotlib",
)
"""Packages that take long, none of which is needed to read `run.json` and to print what it says."""


def test_the_page_of_a_run_is_built_without_the_scientific_packages():
    code = "import workbench.report.fit.terminal_page, workbench.results.run_directory"
    assert not set(SCIENTIFIC) & set(list_imported(code))


RUN_OF_NOTHING = (
    "fit none.stan data.csv",
    "fit eight_schools none.csv",
    "fit eight_schools --method nonsense",
    "fit eight_schools --missing nonsense",
    "fit eight_schools --scale nonsense",
    "fit eight_schools --set K=nonsense",
    "fit eight_schools --prior tau=nonsense",
    "inspect none.stan",
    "predict none new.csv",
    "continue none",
    "update none data.csv",
    "replay none",
    "check none",
    "show none",
    "report none",
    "explore none",
    "report none none",
    "sensitivity none.stan data.csv",
    "sensitivity eight_schools none.csv",
)
"""Commands with a mistake that is known before anything is read."""


@pytest.mark.parametrize("line", RUN_OF_NOTHING)
def test_a_mistake_is_told_before_the_scientific_packages_are_imported(line, tmp_path):
    code = (
        f"import os; os.chdir({str(tmp_path)!r})\n"
        "from workbench.cli import app\n"
        f"sys.argv = ['workbench', *{line.split()!r}]\n"
        "try:\n    app.main()\n"
        "except SystemExit as end:\n    assert end.code == 2 or end.code == 5, end.code"
    )
    assert not set(SCIENTIFIC) & set(list_imported(code))


@pytest.mark.parametrize(("options", "needed"), [((), ""), (("--cite",), ""), (("mu",), "h5py")])
def test_a_run_is_shown_without_the_scientific_packages(options, needed, tmp_path):
    run = store.write(simulate_fit(), None, tmp_path / "run")
    line = ["workbench", "show", str(run), *options]
    code = (
        "import contextlib, os\n"
        "from workbench.cli import app\n"
        f"sys.argv = {line!r}\n"
        "with open(os.devnull, 'w') as nowhere, contextlib.redirect_stdout(nowhere):\n"
        "    try:\n        app.main()\n"
        "    except SystemExit as end:\n        assert not end.code, end.code"
    )
    assert set(SCIENTIFIC) & set(list_imported(code)) <= {needed}
