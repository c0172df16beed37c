"""`workbench doctor`: whether this machine has all that a fit needs."""

from __future__ import annotations

from workbench.cli import console
from workbench.errors import ToolchainError


@console.guarded
def command() -> None:
    """Check all that a fit needs, from the compiler to the proxy; exit with 3 if there is a problem."""
    from workbench.toolchain import examine
    from workbench.workflow.pages.toolchain import build_doctor_page

    checks = examine()
    console.show(build_doctor_page(checks))
    problems = sum(check.status == "problem" for check in checks)
    if problems:
        raise ToolchainError(f"{problems} of {len(checks)} checks found a problem.")
