"""Maximum a posteriori, on the constrained and on the unconstrained scale."""

from __future__ import annotations

from workbench.errors import RunError
from workbench.estimation import draws, mode
from workbench.estimation.part import Part
from workbench.estimation.setting import Setting
from workbench.methods import Laplace, Map


def estimate(setting: Setting, method: Map, laplace: Laplace) -> tuple[Part, mode.Mode | None]:
    """Return the posterior mode, and the climb itself for an approximation around it.

    Parameters
    ----------
    setting
        Where the fit is worked out.
    method
        Which scale the mode is taken on.
    laplace
        How many draws to take around it.
    """
    try:
        found = mode.find(setting, method.name, jacobian=method.jacobian, prior_weight=1.0, laplace=laplace)
    except RunError as error:
        return Part("failed", error.message, {"jacobian": method.jacobian}), None
    facts = {"jacobian": method.jacobian, "log_density": found.log_density, **found.facts}
    if found.problem:
        return Part("failed", found.problem, facts, console=found.run.console), found
    program, data = setting.request.program, setting.request.data
    names = draws.parameters(program)
    estimates = {
        column: {"value": value} for column, value in found.values.items() if draws.owner(column) in names
    }
    groups = {method.name: draws.read(found.run, program, data, names, ())}
    return Part("ok", "", facts, estimates, groups, found.run.console, found.run.seconds), found
