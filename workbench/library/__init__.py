"""The bundled models: programs, cards, tables, and the exact posteriors of the conjugate models.

::

    catalogue   the models, found by name           copy_model  a copy to start from
    table_card  the card beside a bundled table     model_record, markdown  what the two cards say of a model
    conjugate/  exact posteriors
"""

from workbench.library.catalogue import (
    BundledModel,
    find,
    find_by_hash,
    find_home,
    list_models,
    list_names,
    resolve,
    resolve_data,
)
from workbench.library.copy_model import copy_model
from workbench.library.model_record import to_record
from workbench.library.table_card import TableCard, read_table_card

__all__ = [
    "BundledModel",
    "TableCard",
    "copy_model",
    "find",
    "find_by_hash",
    "find_home",
    "list_models",
    "list_names",
    "read_table_card",
    "resolve",
    "resolve_data",
    "to_record",
]
