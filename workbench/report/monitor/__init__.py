"""A monitor: what is said of where it stands, its tables and its pictures."""

from workbench.report.monitor.page import build_monitor_report
from workbench.report.monitor.sentences import describe_account

__all__ = ["build_monitor_report", "describe_account"]
