"""The models that come with us: programs, cards, tables, and the exact posteriors of the conjugate ones."""

from workbench.library.catalogue import (
    Model,
    find,
    find_by_hash,
    list_models,
    list_names,
    resolve,
    resolve_data,
)
from workbench.library.copy_model import copy_model
from workbench.library.model_record import to_record
from workbench.library.table_card import TableCard, read_table_card

__all__ = [
    "Model",
    "TableCard",
    "to_record",
    "find",
    "list_models",
    "list_names",
    "read_table_card",
    "resolve",
    "copy_model",
    "find_by_hash",
    "resolve_data",
]
