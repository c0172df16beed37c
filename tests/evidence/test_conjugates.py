"""Bridge estimates of conjugate models against their evidence in closed form."""

import pytest

import workbench
from workbench.workflow import evidence
from workbench.workflow.evidence import find_evidence


@pytest.mark.truth
@pytest.mark.parametrize(
    "name",
    [
        "beta_binomial",
        "gamma_poisson",
        "normal_inverse_gamma",
        "normal_inverse_wishart",
        "conjugate_regression",
    ],
)
def test_the_bridge_estimate_is_the_exact_evidence(name, tools, tmp_path, monkeypatch):
    workbench.fit(name, method="nuts", seed=2, output=tmp_path / "run", report=False, progress=False)
    fit = workbench.load(tmp_path / "run")
    exact = find_evidence(fit)
    assert (exact.method, exact.error, exact.value) == ("exact", 0.0, fit.results.exact.log_evidence)
    monkeypatch.setattr(evidence, "read_exact", lambda fit: None)
    bridge = find_evidence(fit)
    assert bridge.reason == ""
    assert exact.value is not None
    assert bridge.value is not None
    assert bridge.error is not None
    assert abs(bridge.value - exact.value) < 3 * bridge.error
    assert bridge.error < 0.05
