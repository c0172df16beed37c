"""Ways to run Stan's algorithms: Stan itself, and a fake for tests and documentation."""

from workbench.backends.base import Backend, Curvature, Job, RawRun, Selection, Start

__all__ = ["Backend", "Curvature", "Job", "RawRun", "Selection", "Start"]
