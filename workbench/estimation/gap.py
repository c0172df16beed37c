"""How far the MAP sits from the posterior mean, and why."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.estimation.part import Part


def explain(parts: Mapping[str, Part]) -> dict[str, dict[str, float]]:
    """Split MAP minus posterior mean into three steps that add up to it.

    ``jacobian``: from the constrained to the unconstrained mode; ``curvature``: from that mode to the mean
    of the normal approximation around it, which the transform to the declared scale bends;
    ``non_gaussian``: from there to the posterior mean. ``in_sd`` is the whole in posterior standard
    deviations.

    Steps whose parts are missing are left out; without MAP or posterior there is nothing to explain.
    """
    gaps: dict[str, dict[str, float]] = {}
    for name, mode in parts["map"].estimates.items():
        posterior = parts["nuts"].estimates.get(name)
        if posterior is None:
            continue
        whole = mode["value"] - posterior["mean"]
        gaps[name] = {"map_minus_mean": whole}
        if posterior["sd"] > 0:
            gaps[name]["in_sd"] = whole / posterior["sd"]
        unconstrained = parts["map_unconstrained"].estimates.get(name)
        normal = parts["laplace"].estimates.get(name)
        if unconstrained is not None and normal is not None:
            gaps[name] |= {
                "jacobian": mode["value"] - unconstrained["value"],
                "curvature": unconstrained["value"] - normal["mean"],
                "non_gaussian": normal["mean"] - posterior["mean"],
            }
    return gaps
