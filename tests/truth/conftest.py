"""The bundled models, fitted by Stan to their own data."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.truth import tables
from workbench.methods import Laplace, Map, Mle, Nuts
from workbench.results import Fit
from workbench.workflow import fit as fit_workflow
from workbench.workflow.options import FitOptions

METHODS = (Mle(), Map(), Map(jacobian=True), Laplace(), Nuts(draws=2000))


@pytest.fixture(scope="module")
def fit_bundled(tools, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Fit]:
    """Fit a bundled model to a bundled table, with hyperparameters by name."""

    def fit(model: str, data: str, **priors: float) -> Fit:
        folder = tmp_path_factory.mktemp("run") / "run"
        options = FitOptions(priors=priors, methods=METHODS, level=0.9, seed=3, jobs=2, output=folder)
        stan = tables.ROOT / "stan_models" / f"{model}.stan"
        return fit_workflow.fit_files(stan, tables.DATA / f"{data}.csv", options)

    return fit
