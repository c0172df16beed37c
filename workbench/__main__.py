"""The command line as `python -m workbench`."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - a checkout can be run by any Python
    sys.stderr.write(
        "error: workbench needs Python 3.11 or newer; this is " + sys.version.split()[0] + ".\n"
        "hint: run it with a newer one: `python3.12 -m workbench`\n"
    )
    sys.exit(3)  # that of `ToolchainError` in `errors.py`, which this Python may not be able to read

from workbench.cli import main

if __name__ == "__main__":
    main()
