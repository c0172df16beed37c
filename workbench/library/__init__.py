"""The models that come with us: programs, cards, tables, and the exact posteriors of the conjugate ones."""

from workbench.library.catalogue import Model, find, models, names, resolve, with_source, with_table
from workbench.library.copy_model import start
from workbench.library.model_record import as_record
from workbench.library.table_card import Origin, read_origin

__all__ = [
    "Model",
    "Origin",
    "as_record",
    "find",
    "models",
    "names",
    "read_origin",
    "resolve",
    "start",
    "with_source",
    "with_table",
]
