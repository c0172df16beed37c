"""Fits in MLflow: what is logged of them, and the model that predicts there."""

from workbench.tracking.logged_fit import LoggedFit, describe_fit
from workbench.tracking.server import MlflowServer, check_address, open_server

__all__ = ["LoggedFit", "MlflowServer", "check_address", "describe_fit", "open_server"]
