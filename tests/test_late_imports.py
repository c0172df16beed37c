"""What a command does not need, it does not import; what it needs late comes while Stan runs."""

import subprocess
import sys

import pytest

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
