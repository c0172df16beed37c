"""The comparison of several runs as one document: a file per section."""

from workbench.report.comparison.report import build_comparison_report

__all__ = ["build_comparison_report"]
