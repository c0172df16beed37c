"""The audit page of a model in a registry: who did what, and what it did to the estimates."""

from workbench.report.audit.report import build_audit_report

__all__ = ["build_audit_report"]
