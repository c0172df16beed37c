"""The drawings of a report, one file each: the only importers of matplotlib, where they paint.

Kernel densities and ECDF bands come from ArviZ's statistics. The drawings are not made by arviz_plots: its
current line excludes current matplotlib, and its SVG files hold text as outlines. Here one drawing suits a
light page, a dark page and paper, and its text is text.
"""

from workbench.report.figures.bars import draw_bars
from workbench.report.figures.caterpillar import MOST_GROUPS, GroupEffect, Population, draw_caterpillar
from workbench.report.figures.coverage import draw_coverage
from workbench.report.figures.densities import draw_densities
from workbench.report.figures.detector import (
    DetectorCurve,
    DetectorMarks,
    draw_detector,
    draw_transforms,
)
from workbench.report.figures.drawing import Drawing, to_svg
from workbench.report.figures.drift import draw_drift
from workbench.report.figures.ecdf_difference import EcdfDifference, draw_ecdf_difference
from workbench.report.figures.elpd import draw_elpd_differences, draw_row_differences
from workbench.report.figures.energy import draw_energy
from workbench.report.figures.files import write_drawings
from workbench.report.figures.forest import (
    ForestEstimate,
    ForestMethod,
    ForestRow,
    draw_forest,
    has_arrows,
    split_by_scale,
)
from workbench.report.figures.heat_map import draw_heat_map
from workbench.report.figures.khat import draw_khat
from workbench.report.figures.marginal import EstimateLine, KnownDensity, Marker, Role, draw_marginal
from workbench.report.figures.moves import MovedPosterior, draw_moves
from workbench.report.figures.overlay import draw_overlay
from workbench.report.figures.pair import draw_pair
from workbench.report.figures.pit import draw_pit, is_within_band
from workbench.report.figures.ranks import draw_ranks
from workbench.report.figures.reliability import draw_reliability
from workbench.report.figures.ribbon import MOST_DOTS, MOST_STEPS, Ribbon, draw_ribbon
from workbench.report.figures.ridges import Ridge, draw_ridges
from workbench.report.figures.rootogram import draw_rootogram
from workbench.report.figures.rows_needed import RowsCurve, draw_rows_needed
from workbench.report.figures.side_by_side import draw_side_by_side
from workbench.report.figures.spread import draw_spread
from workbench.report.figures.sweep import SweepPoint, SweepReferences, draw_sweep
from workbench.report.figures.trace import draw_trace
from workbench.report.figures.versions import MOST_NAMED, VersionPoint, draw_versions

__all__ = [
    "MOST_DOTS",
    "MOST_GROUPS",
    "MOST_NAMED",
    "MOST_STEPS",
    "DetectorCurve",
    "DetectorMarks",
    "Drawing",
    "EcdfDifference",
    "EstimateLine",
    "ForestEstimate",
    "ForestMethod",
    "ForestRow",
    "GroupEffect",
    "KnownDensity",
    "Marker",
    "MovedPosterior",
    "Population",
    "Ribbon",
    "Ridge",
    "Role",
    "RowsCurve",
    "SweepPoint",
    "SweepReferences",
    "VersionPoint",
    "draw_bars",
    "draw_caterpillar",
    "draw_coverage",
    "draw_densities",
    "draw_detector",
    "draw_drift",
    "draw_ecdf_difference",
    "draw_elpd_differences",
    "draw_energy",
    "draw_forest",
    "draw_heat_map",
    "draw_khat",
    "draw_marginal",
    "draw_moves",
    "draw_overlay",
    "draw_pair",
    "draw_pit",
    "draw_ranks",
    "draw_reliability",
    "draw_ribbon",
    "draw_ridges",
    "draw_rootogram",
    "draw_row_differences",
    "draw_rows_needed",
    "draw_side_by_side",
    "draw_spread",
    "draw_sweep",
    "draw_trace",
    "draw_transforms",
    "draw_versions",
    "has_arrows",
    "is_within_band",
    "split_by_scale",
    "to_svg",
    "write_drawings",
]
