"""The command line as `python -m workbench`."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - a checkout can be run by any Python
    sys.exit(f"error: workbench needs Python 3.11 or newer; this is {sys.version.split()[0]}.")

from workbench.cli import main

if __name__ == "__main__":
    main()
