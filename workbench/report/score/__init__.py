"""New rows scored: what is said of the scores, their tables and their pictures."""

from workbench.report.score.page import build_score_report
from workbench.report.score.sentences import describe_table

__all__ = ["build_score_report", "describe_table"]
