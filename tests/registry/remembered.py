"""Registries with events and no runs: what is remembered of versions, stated by hand."""

from workbench.registry.events import Added
from workbench.registry.journal import open_journal
from workbench.registry.summary import RememberedEstimate, VersionSummary

PRIORS = {"mu.sigma": 5.0, "tau.sigma": 5.0}


def summarise(estimates=None, **changes):
    """Return what is remembered of a version; `estimates` are pairs of mean and SD by name."""
    pairs = {"mu": (1.0, 0.6), "tau": (2.0, 0.6)} if estimates is None else estimates
    stated = {
        "model": "radon",
        "program": "1" * 64,
        "data": "2" * 64,
        "rows": 8,
        "table": "radon.csv",
        "columns": {"y": "column `y`", "mu.sigma": "--prior"},
        "priors": PRIORS,
        "prior_origins": dict.fromkeys(PRIORS, "default of radon.toml"),
        "method": "nuts",
        "level": 0.95,
        "verdict": "ok",
        "elpd": -30.0,
        "elpd_se": 2.0,
        "seed": 1,
        "seconds": 12.0,
        "estimates": {
            name: RememberedEstimate(mean, sd, mean - 2 * sd, mean + 2 * sd)
            for name, (mean, sd) in pairs.items()
        },
    }
    return VersionSummary(**{**stated, **changes})


def add(number, summary=None, *, parent=None, name="radon", **more):
    """Return the event that adds a version."""
    content = {"run": f"{number:064x}", "files": {}, "size": 2_500_000, **more}
    return Added(name=name, version=number, parent=parent, summary=summary or summarise(), **content)


def write_events(folder, *contents):
    """Write events by the author `ann`, or by whom is named: `(author, content)`; return them all."""
    with open_journal(folder).open() as writer:
        for each in contents:
            author, content = each if isinstance(each, tuple) else ("ann", each)
            writer.append(content, author)
    return open_journal(folder).read()
