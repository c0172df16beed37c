"""The methods paragraph: what was done, ready to paste into a paper."""

from __future__ import annotations

from pathlib import PurePath

from workbench.report import reading
from workbench.report.document import Block, Items, Paragraph, Quote, Section
from workbench.report.numbers import format_count, format_number, plural
from workbench.report.reading import Record

_STAN = "Stan Development Team. Stan Modeling Language. https://mc-stan.org"
_NUTS = (
    "Hoffman, M. D. and Gelman, A. (2014). The No-U-Turn sampler. Journal of Machine Learning Research "
    "15, 1593–1623."
)
_RHAT = (
    "Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. and Bürkner, P.-C. (2021). Rank-normalization, "
    "folding, and localization: an improved R-hat. Bayesian Analysis 16(2), 667–718. doi:10.1214/20-BA1221"
)

_LOO = (
    "Vehtari, A., Gelman, A. and Gabry, J. (2017). Practical Bayesian model evaluation using leave-one-out "
    "cross-validation and WAIC. Statistics and Computing 27, 1413–1432. doi:10.1007/s11222-016-9696-4"
)
_POWER = (
    "Kallioinen, N., Paananen, T., Bürkner, P.-C. and Vehtari, A. (2024). Detecting and diagnosing prior and "
    "likelihood sensitivity with power-scaling. Statistics and Computing 34, 57. "
    "doi:10.1007/s11222-023-10366-5"
)


def section(record: Record) -> Section:
    """Return the paragraph and the works it refers to."""
    sentences = [_model(record), *_posterior(record), *_points(record), *_checks(record)]
    references = (
        _STAN,
        *((_NUTS, _RHAT) if reading.is_ok(reading.part(record, "nuts")) else ()),
        *((_LOO,) if reading.is_ok(reading.part(record, "loo")) else ()),
        *((_POWER,) if reading.is_ok(reading.part(record, "power_scaling")) else ()),
    )
    blocks: tuple[Block, ...] = (
        Paragraph("For a paper, to be adapted:"),
        Quote("methods-text", " ".join(sentences)),
        Items(references),
    )
    return Section("methods", "Methods paragraph", blocks)


def _model(record: Record) -> str:
    model, data = reading.part(record, "model"), reading.part(record, "data")
    stan = reading.part(record, "toolchain").get("stan", "")
    table = PurePath(str(data.get("path", "the data"))).name
    return (
        f"The model {model.get('name', '')} was written in Stan and fitted to {table} "
        f"({plural(data.get('rows', 0), 'row')}) with Stan {stan}, driven by workbench "
        f"{record.get('workbench', '')}."
    )


def _posterior(record: Record) -> list[str]:
    nuts = reading.part(record, "nuts")
    if not reading.is_ok(nuts):
        return []
    return [
        "The posterior was sampled by the No-U-Turn sampler (Hoffman and Gelman 2014) with "
        f"{plural(nuts.get('chains', 0), 'chain')} of {format_count(nuts.get('warmup', 0))} warm-up and "
        f"{format_count(nuts.get('draws', 0))} kept iterations each (seed "
        f"{record.get('seed', 'not recorded')}).",
        *_convergence(record),
        f"We report posterior means with central {reading.level(record)} credible intervals.",
    ]


def _convergence(record: Record) -> list[str]:
    found = reading.estimates(record, "nuts").values()
    rhats = [value for one in found if (value := reading.number(one, "rhat")) is not None]
    bulk = [value for one in found if (value := reading.number(one, "ess_bulk")) is not None]
    tail = [value for one in found if (value := reading.number(one, "ess_tail")) is not None]
    if not (rhats and bulk and tail):
        return []
    divergences = reading.number(reading.part(record, "nuts"), "divergences")
    ending = "" if divergences is None else f"; {_divergences(int(divergences))}"
    return [
        f"The largest rank-normalised split R-hat was {format_number(max(rhats), 3)}, and the smallest "
        f"effective sample sizes were {format_count(min(bulk))} (bulk) and {format_count(min(tail))} "
        f"(tail) (Vehtari et al. 2021){ending}."
    ]


def _divergences(count: int) -> str:
    return "no transition diverged" if count == 0 else f"{plural(count, 'transition')} diverged"


def _points(record: Record) -> list[str]:
    words = []
    if reading.is_ok(reading.part(record, "mle")):
        words.append("maximum-likelihood estimates, with every prior switched off and Wald standard errors")
    if reading.is_ok(reading.part(record, "map")):
        words.append("the joint posterior mode on the constrained scale")
    if reading.is_ok(reading.part(record, "laplace")):
        words.append("a Laplace approximation around the mode on the unconstrained scale")
    return [f"For comparison we computed {'; '.join(words)}."] if words else []


def _checks(record: Record) -> list[str]:
    """Return what was done to examine the model: predictions, leave-one-out, the priors."""
    words = []
    outcomes = reading.entries(reading.part(record, "predictive"), "outcomes")
    if reading.is_ok(reading.part(record, "predictive")) and outcomes:
        words.append("Data replicated from the posterior were held against the observed data.")
    loo = reading.part(record, "loo")
    if reading.is_ok(loo) and reading.number(loo, "elpd") is not None:
        words.append(
            "Out-of-sample prediction was assessed by Pareto-smoothed importance sampling leave-one-out "
            f"cross-validation (Vehtari, Gelman and Gabry 2017): the expected log predictive density was "
            f"{format_number(loo.get('elpd'), 1)} (standard error {format_number(loo.get('se'), 1)}), the "
            f"largest Pareto k {format_number(loo.get('khat_max'), 2)}."
        )
    if reading.is_ok(reading.part(record, "power_scaling")) and "power_scaling" in record:
        words.append("Sensitivity to the prior was measured by power-scaling (Kallioinen et al. 2024).")
    return words
