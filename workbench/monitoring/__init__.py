"""Batches of new rows watched: whether a model still holds, at a stated rate of false alarms.

Every batch becomes a few numbers that are uniform between 0 and 1 as long as nothing has changed, whatever
came before (`outcomes.py` under the model's own predictions, `reference.py` against rows of a reference
period, `predictors.py` for columns without outcomes); `detector.py` turns them into alarms.
"""

from workbench.monitoring.detector import Detector, find_direction, find_onset, follow, join_detectors
from workbench.monitoring.transforms import Family, Transforms

__all__ = ["Detector", "Family", "Transforms", "find_direction", "find_onset", "follow", "join_detectors"]
