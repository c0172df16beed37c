"""The works behind the methods of a fit: which of them to cite, in words and as BibTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.report.fit.sampler import find_extremes
from workbench.results.view import Results

_VERSION = re.compile(r"\d+(?:\.\d+)*")
"""A version of Stan; whatever else a run may claim is left out."""

_LETTERS = {"ü": r"{\"u}"}
"""How BibTeX writes letters beyond ASCII."""


@dataclass(frozen=True)
class Reference:
    """A work to cite.

    Attributes
    ----------
    key
        Its key in BibTeX.
    authors
        Each as `Family, G.`.
    title, year
        What it is called, and when it appeared; no year where it is updated all the time.
    journal
        Where it appeared: a journal, or a preprint server.
    where
        Volume, number and pages by the names that BibTeX has for them.
    doi, url
        Its identifier, or its address where it has none.
    note
        What else BibTeX is to say of it.
    """

    key: str
    authors: tuple[str, ...]
    title: str
    year: int | None
    journal: str = ""
    where: Mapping[str, str] = field(default_factory=dict)
    doi: str = ""
    url: str = ""
    note: str = ""

    @property
    def text(self) -> str:
        """The work in words, as a list of references has it."""
        *others, last = self.authors
        names = f"{', '.join(others)} and {last}" if others else last
        head = f"{names} ({self.year})." if self.year else f"{names.rstrip('.')}."
        place = f"doi:{self.doi}" if self.doi else self.url
        return " ".join(filter(None, (head, f"{self.title}.", self._describe_place(), place)))

    def _describe_place(self) -> str:
        """Return journal, volume, number and pages, or the preprint; empty for a work of its own."""
        if "eprint" in self.where:
            return f"arXiv:{self.where['eprint']}."
        if not self.journal:
            return ""
        number = f"({self.where['number']})" if "number" in self.where else ""
        return f"{self.journal} {self.where['volume']}{number}, {self.where['pages'].replace('--', '–')}."

    @property
    def bibtex(self) -> str:
        """The work as an entry of a BibTeX file, in ASCII."""
        fields = {
            "author": " and ".join(self.authors) if "," in self.authors[0] else f"{{{self.authors[0]}}}",
            "title": f"{{{self.title}}}",
            "journal": self.journal,
            **self.where,
            "year": str(self.year or ""),
            "doi": self.doi,
            "url": self.url,
            "note": self.note,
        }
        lines = [f"  {name} = {{{_write_ascii(value)}}}" for name, value in fields.items() if value]
        kind = "article" if self.journal else "misc"
        return f"@{kind}{{{self.key},\n" + ",\n".join(lines) + "\n}"


def _write_ascii(text: str) -> str:
    for letter, written in _LETTERS.items():
        text = text.replace(letter, written)
    return text


STAN = Reference(
    "carpenter2017stan",
    (
        "Carpenter, B.", "Gelman, A.", "Hoffman, M. D.", "Lee, D.", "Goodrich, B.", "Betancourt, M.",
        "Brubaker, M. A.", "Guo, J.", "Li, P.", "Riddell, A.",
    ),
    "Stan: a probabilistic programming language",
    2017,
    "Journal of Statistical Software",
    {"volume": "76", "number": "1", "pages": "1--32"},
    doi="10.18637/jss.v076.i01",
)  # fmt: skip
NUTS = Reference(
    "hoffman2014nuts",
    ("Hoffman, M. D.", "Gelman, A."),
    "The No-U-Turn sampler: adaptively setting path lengths in Hamiltonian Monte Carlo",
    2014,
    "Journal of Machine Learning Research",
    {"volume": "15", "number": "47", "pages": "1593--1623"},
    url="https://jmlr.org/papers/v15/hoffman14a.html",
)
HMC = Reference(
    "betancourt2017hmc",
    ("Betancourt, M.",),
    "A conceptual introduction to Hamiltonian Monte Carlo",
    2017,
    where={"eprint": "1701.02434", "archiveprefix": "arXiv"},
    doi="10.48550/arXiv.1701.02434",
)
NUTPIE = Reference(
    "seyboldt2026fisher",
    ("Seyboldt, A.", "Carlson, E. L.", "Carpenter, B."),
    "Preconditioning Hamiltonian Monte Carlo by minimizing Fisher divergence",
    2026,
    where={"eprint": "2603.18845", "archiveprefix": "arXiv"},
    url="https://arxiv.org/abs/2603.18845",
)
RHAT = Reference(
    "vehtari2021rhat",
    ("Vehtari, A.", "Gelman, A.", "Simpson, D.", "Carpenter, B.", "Bürkner, P.-C."),
    "Rank-normalization, folding, and localization: an improved R-hat for assessing convergence of MCMC",
    2021,
    "Bayesian Analysis",
    {"volume": "16", "number": "2", "pages": "667--718"},
    doi="10.1214/20-BA1221",
)
ARVIZ = Reference(
    "kumar2019arviz",
    ("Kumar, R.", "Carroll, C.", "Hartikainen, A.", "Martin, O."),
    "ArviZ: a unified library for exploratory analysis of Bayesian models in Python",
    2019,
    "Journal of Open Source Software",
    {"volume": "4", "number": "33", "pages": "1143"},
    doi="10.21105/joss.01143",
)
LBFGS = Reference(
    "liu1989lbfgs",
    ("Liu, D. C.", "Nocedal, J."),
    "On the limited memory BFGS method for large scale optimization",
    1989,
    "Mathematical Programming",
    {"volume": "45", "pages": "503--528"},
    doi="10.1007/BF01589116",
)
LAPLACE = Reference(
    "tierney1986laplace",
    ("Tierney, L.", "Kadane, J. B."),
    "Accurate approximations for posterior moments and marginal densities",
    1986,
    "Journal of the American Statistical Association",
    {"volume": "81", "number": "393", "pages": "82--86"},
    doi="10.1080/01621459.1986.10478240",
)
PATHFINDER = Reference(
    "zhang2022pathfinder",
    ("Zhang, L.", "Carpenter, B.", "Gelman, A.", "Vehtari, A."),
    "Pathfinder: parallel quasi-Newton variational inference",
    2022,
    "Journal of Machine Learning Research",
    {"volume": "23", "number": "306", "pages": "1--49"},
    url="https://jmlr.org/papers/v23/21-0889.html",
)
PSIS = Reference(
    "vehtari2024psis",
    ("Vehtari, A.", "Simpson, D.", "Gelman, A.", "Yao, Y.", "Gabry, J."),
    "Pareto smoothed importance sampling",
    2024,
    "Journal of Machine Learning Research",
    {"volume": "25", "number": "72", "pages": "1--58"},
    url="https://jmlr.org/papers/v25/19-556.html",
)
REPLICATES = Reference(
    "gelman1996predictive",
    ("Gelman, A.", "Meng, X.-L.", "Stern, H."),
    "Posterior predictive assessment of model fitness via realized discrepancies",
    1996,
    "Statistica Sinica",
    {"volume": "6", "number": "4", "pages": "733--760"},
    url="https://www.jstor.org/stable/24306036",
)
LOO = Reference(
    "vehtari2017loo",
    ("Vehtari, A.", "Gelman, A.", "Gabry, J."),
    "Practical Bayesian model evaluation using leave-one-out cross-validation and WAIC",
    2017,
    "Statistics and Computing",
    {"volume": "27", "number": "5", "pages": "1413--1432"},
    doi="10.1007/s11222-016-9696-4",
)
SAMPLED_LOO = Reference(
    "magnusson2020loo",
    ("Magnusson, M.", "Vehtari, A.", "Jonasson, J.", "Andersen, M."),
    "Leave-one-out cross-validation for Bayesian model comparison in large data",
    2020,
    "Proceedings of Machine Learning Research",
    {"volume": "108", "pages": "341--351"},
    url="https://proceedings.mlr.press/v108/magnusson20a.html",
)
POWER_SCALING = Reference(
    "kallioinen2024power",
    ("Kallioinen, N.", "Paananen, T.", "Bürkner, P.-C.", "Vehtari, A."),
    "Detecting and diagnosing prior and likelihood sensitivity with power-scaling",
    2024,
    "Statistics and Computing",
    {"volume": "34", "pages": "57"},
    doi="10.1007/s11222-023-10366-5",
)
"""The works, in the order of the methods paragraph."""


def list_references(results: Results) -> tuple[Reference, ...]:
    """Return the works behind what a fit has done, in the order in which the methods paragraph cites them."""
    has_draws = results.nuts.is_ok
    chosen = (
        (_name_stan(results), True),
        (STAN, True),
        (NUTS, has_draws),
        (HMC, has_draws),
        (NUTPIE, has_draws and bool(results.nuts.sampler)),
        (RHAT, has_convergence(results)),
        (ARVIZ, has_convergence(results)),
        (LBFGS, uses_lbfgs(results)),
        (LAPLACE, results.laplace.is_ok),
        (PATHFINDER, results.pathfinder.is_ok),
        (PSIS, any(part.is_ok for part in (results.loo, results.power_scaling))),
        (REPLICATES, results.predictive.is_ok and bool(results.predictive.outcomes)),
        (LOO, results.loo.is_ok),
        (SAMPLED_LOO, results.loo.is_ok and results.loo.sampled is not None),
        (POWER_SCALING, results.power_scaling.is_ok),
    )
    return tuple(reference for reference, is_used in chosen if is_used)


def has_convergence(results: Results) -> bool:
    """Return whether R-hat and effective sample sizes are known."""
    extremes = find_extremes(results)
    return results.nuts.is_ok and None not in (extremes.rhat, extremes.ess_bulk, extremes.ess_tail)


def uses_lbfgs(results: Results) -> bool:
    """Return whether an optimum was found by L-BFGS."""
    optima = (results.mle, results.map, results.map_unconstrained)
    return any(optimum.is_ok and optimum.optimizer == "L-BFGS" for optimum in optima)


def format_bibtex(results: Results) -> str:
    """Return the works behind what a fit has done as a BibTeX file."""
    return "\n\n".join(reference.bibtex for reference in list_references(results)) + "\n"


def _name_stan(results: Results) -> Reference:
    version = _VERSION.match(results.toolchain.stan)
    return Reference(
        "stan",
        ("Stan Development Team",),
        "Stan reference manual",
        None,
        url="https://mc-stan.org",
        note=f"Version {version[0]}" if version else "",
    )
