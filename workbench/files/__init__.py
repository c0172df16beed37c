"""Files and folders written whole or not at all, whatever ends the process or fills the disk.

Everything is written under a hidden name beside its place, synced, and put there in one rename. A hidden name
of ours is locked while its owner lives, so that the next command can remove what a killed one left.
"""

from workbench.files.aside import ASIDE
from workbench.files.check import check_file_place, check_folder_place, check_open_folder
from workbench.files.explain import describe_failure, explained, format_bytes
from workbench.files.folder import publish_folder
from workbench.files.mend import restore
from workbench.files.scratch import find_temporary_folder, make_scratch, refuse_full
from workbench.files.stream import keep_steady
from workbench.files.write import open_replacement, replace_file, replace_files

__all__ = [
    "ASIDE",
    "check_file_place",
    "check_folder_place",
    "check_open_folder",
    "describe_failure",
    "explained",
    "find_temporary_folder",
    "format_bytes",
    "keep_steady",
    "make_scratch",
    "open_replacement",
    "publish_folder",
    "refuse_full",
    "replace_file",
    "replace_files",
    "restore",
]
