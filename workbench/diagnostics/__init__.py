"""Whether a run can be trusted: what its draws measure, checks with stable codes, and a verdict."""

from workbench.diagnostics.diagnose import Diagnosis, diagnose

__all__ = ["Diagnosis", "diagnose"]
