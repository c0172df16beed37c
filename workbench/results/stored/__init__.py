"""Files of a run or a study directory that may come from someone else: opened, examined, then read.

Nothing outside the folder is read, nothing waits, and nothing is allocated for which the file does not
account.
"""

from workbench.results.stored.arrays import StoredArray, StoredGroup, examine_arrays
from workbench.results.stored.groups import PlainArray, PlainGroup, build_tree, take_group
from workbench.results.stored.json_text import MOST_BYTES, read_json
from workbench.results.stored.parquet import read_frame
from workbench.results.stored.plain_file import open_stored, read_bytes, read_text
from workbench.results.stored.steady import read_steadily
from workbench.results.stored.tree import read_array, read_groups, read_tree

__all__ = [
    "MOST_BYTES",
    "PlainArray",
    "PlainGroup",
    "StoredArray",
    "StoredGroup",
    "build_tree",
    "examine_arrays",
    "open_stored",
    "read_array",
    "read_bytes",
    "read_frame",
    "read_groups",
    "read_json",
    "read_steadily",
    "read_text",
    "read_tree",
    "take_group",
]
