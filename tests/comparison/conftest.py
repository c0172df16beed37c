"""Whole fits, whose rows are left out."""

import pytest

import workbench


@pytest.fixture(scope="module")
def fit_program(tools, tmp_path_factory):
    """Fit a program given as text by NUTS alone, and return the run as it is read back."""

    def run(name, text, data, **options):
        folder = tmp_path_factory.mktemp("runs")
        path = folder / f"{name}.stan"
        path.write_text(text, encoding="utf-8")
        settings = {"method": "nuts", "seed": 3, "progress": False, "report": False, **options}
        workbench.fit(path, data, output=folder / name, **settings)
        return workbench.load(folder / name)

    return run
