"""A fit that answers requests of HTTP: predictions and scores of a few rows at a time.

options     what a service is told to do, and its limits; it travels to its processes as JSON
supervisor  one process that starts the others on one socket, and starts them again when they crash
worker      one of these others       connections   shared out among processes, closed if silent
app         routes, and who may ask   docs_page     what they take and give, as a page
service     one request: in turn, in time, by which version, answered or refused
bodies      JSON and CSV as tables    answers       predictions and scores as JSON
versions    the versions in use: opened, changed when an alias moves, split between two, shadowed
loaded_stan Stan for a few rows at a time, in one process that stays
metrics     what it counts and measures
"""

from workbench.serving.options import Canary, ServingLimits, ServingOptions

__all__ = ["Canary", "ServingLimits", "ServingOptions"]
