"""Every drawing of a report, one file each: the only importers of matplotlib.

The numbers behind them come from ArviZ's statistics (kernel densities, ECDF bands). They are drawn by
matplotlib and not by arviz_plots, whose current line excludes current matplotlib and whose figures hold text
as outlines: here one drawing serves a light page, a dark one and paper, and its text is text.
"""

from workbench.report.figures.bars import bars
from workbench.report.figures.densities import densities
from workbench.report.figures.drawing import Drawing, svg
from workbench.report.figures.energy import energy
from workbench.report.figures.files import write
from workbench.report.figures.heat import heat
from workbench.report.figures.khats import khats
from workbench.report.figures.marginal import Estimate, Form, Known, Role, marginal
from workbench.report.figures.overlay import overlay
from workbench.report.figures.pair import pair
from workbench.report.figures.pit import outside_band, pit
from workbench.report.figures.ranks import ranks
from workbench.report.figures.reliability import reliability
from workbench.report.figures.ridges import Ridge, ridges
from workbench.report.figures.rootogram import rootogram
from workbench.report.figures.sweep import References, Step, along
from workbench.report.figures.trace import trace

__all__ = [
    "Drawing",
    "Estimate",
    "Form",
    "Known",
    "References",
    "Ridge",
    "Role",
    "Step",
    "along",
    "bars",
    "densities",
    "energy",
    "heat",
    "khats",
    "marginal",
    "outside_band",
    "overlay",
    "pair",
    "pit",
    "ranks",
    "reliability",
    "ridges",
    "rootogram",
    "svg",
    "trace",
    "write",
]
