"""The command line: it reads arguments, shows progress, prints results, and knows no statistics."""

from workbench.cli.app import main

__all__ = ["main"]
