"""What `workbench` alone prints: where to begin, and where help is."""

from __future__ import annotations

FIRST_STEPS = """\
Any Stan program and a table: point estimates, full posteriors, and an honest account of both.

Begin with a model that has its own table, then bring yours:

  workbench fit eight_schools
  workbench fit model.stan data.csv

The first fit fetches Stan and builds it, two to three minutes, and never again; `workbench doctor` says
whether this machine has all that it takes. Each fit ends with a verdict and the path of a report to open
in a browser.

  workbench fit model.stan data.csv --dry-run   what each variable is made from; compiles nothing
  workbench models                              programs to start from, explained
  workbench runs                                what was fitted so far

  workbench --help                              all commands
  workbench fit --help                          all options of one, with examples
  workbench --install-completion                names of models, runs and versions by the Tab key
"""
"""Where to begin, and where help is."""
