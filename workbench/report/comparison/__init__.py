"""The comparison of several runs as one document: a file per section."""

from workbench.report.comparison.report import comparison_report

__all__ = ["comparison_report"]
