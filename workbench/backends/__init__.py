"""The Stans that can be asked: the real one, and a fake one for tests and documentation."""

from workbench.backends.base import Backend, Curvature, Job, RawRun, Start

__all__ = ["Backend", "Curvature", "Job", "RawRun", "Start"]
