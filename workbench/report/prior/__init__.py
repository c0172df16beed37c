"""What a prior says before the data: sentences, tables and a page."""

from workbench.report.prior.page import build_prior_page, build_prior_report
from workbench.report.prior.provenance import PriorOrigin
from workbench.report.prior.sentences import describe_prior_predictive

__all__ = ["PriorOrigin", "build_prior_page", "build_prior_report", "describe_prior_predictive"]
