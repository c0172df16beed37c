"""Whether a run can be trusted: checks with stable codes, and a verdict."""

from workbench.diagnostics.diagnose import Diagnosis, diagnose

__all__ = ["Diagnosis", "diagnose"]
