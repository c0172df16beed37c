"""The report room: a fit made into a document, and a document into one HTML file. It runs nothing."""

from workbench.report.comparison import comparison_report
from workbench.report.document import Document
from workbench.report.fit.report import fit_report
from workbench.report.html import render
from workbench.report.notebook import ShownFit, shown
from workbench.report.pictures import write_pictures

__all__ = ["Document", "ShownFit", "comparison_report", "fit_report", "render", "shown", "write_pictures"]
