"""A program read with its card: the part of a fit that needs no data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from workbench import card, program
from workbench.program import Program, Role
from workbench.toolchain import Toolchain
from workbench.workflow.inputs import check_program_exists


def read_program(
    model: Path, roles: Mapping[str, str], tools: Toolchain, *, is_optimised: bool = True
) -> Program:
    """Read a program; the roles of its card hold, and those of the user go before them.

    Parameters
    ----------
    model, roles
        Its file, and the roles that the user gives its statements.
    tools
        Stan, which parses it.
    is_optimised
        Whether loops are vectorised in the instrumented program, where that is possible.

    Raises
    ------
    ProgramError
        There is no such file, stanc rejects it, or a role names no term.
    """
    check_program_exists(model)
    parsed = program.read_program(model, tools.stanc, is_optimised=is_optimised)
    own = card.read(model)
    settled = {**own.roles, **roles}
    if not settled:
        return parsed
    reasons: dict[str | int, str] = {
        key: f"settled by {own.path.name}" for key in own.roles if own.path is not None and key not in roles
    }
    # `settle_roles` itself refuses what is not a role.
    return program.settle_roles(parsed, cast("Mapping[str | int, Role]", settled), tools.stanc, reasons)
