"""Several runs side by side, as one document: a section a file."""

from workbench.report.comparison.report import comparison_report

__all__ = ["comparison_report"]
