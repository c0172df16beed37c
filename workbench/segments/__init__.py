"""Fits of one program to each group of a table: a folder of runs, their index, and what needs a look.

::

    names        the folder of each group's run, from the values of the group and a hash
    row          a group in one row: verdict, failed checks, estimates, or why it has no fit
    folder       what the folder holds besides runs: the record, the index, failures that are kept
    ranking      what needs a look, the most urgent first; estimates that lie far from those of other groups
    shared_prior hyperparameters estimated from the estimates of all groups
"""

from workbench.segments.folder import Segments, SegmentsRecord, is_segments
from workbench.segments.names import name_run
from workbench.segments.row import QuantityEstimate, SegmentRow, make_row

__all__ = [
    "QuantityEstimate",
    "SegmentRow",
    "Segments",
    "SegmentsRecord",
    "is_segments",
    "make_row",
    "name_run",
]
