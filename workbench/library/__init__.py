"""The models that come with us: programs, their cards and tables, and the exact posteriors of the conjugate ones."""

from workbench.library.catalogue import Model, find, models, names, resolve

__all__ = ["Model", "find", "models", "names", "resolve"]
