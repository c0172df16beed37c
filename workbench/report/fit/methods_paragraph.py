"""The methods paragraph: what was done, ready to paste into a paper."""

from __future__ import annotations

from pathlib import PurePath

from workbench.report.document import Block, Items, Paragraph, Quote, Section
from workbench.report.fit.sampler import describe_divergences, find_extremes
from workbench.report.numbers import format_count, format_number, format_percentage, pluralise
from workbench.results.view import NutsResult, Results

# The references, in full.
_STAN = "Stan Development Team. Stan Modeling Language. https://mc-stan.org"
_NUTS = (
    "Hoffman, M. D. and Gelman, A. (2014). The No-U-Turn sampler. Journal of Machine Learning Research "
    "15, 1593–1623."
)
_NUTPIE = (
    "Seyboldt, A., Carlson, E. L. and Carpenter, B. (2026). Preconditioning Hamiltonian Monte Carlo by "
    "minimizing Fisher divergence. arXiv:2603.18845"
)
_RHAT = (
    "Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. and Bürkner, P.-C. (2021). Rank-normalization, "
    "folding, and localization: an improved R-hat. Bayesian Analysis 16(2), 667–718. doi:10.1214/20-BA1221"
)
_LOO = (
    "Vehtari, A., Gelman, A. and Gabry, J. (2017). Practical Bayesian model evaluation using leave-one-out "
    "cross-validation and WAIC. Statistics and Computing 27, 1413–1432. doi:10.1007/s11222-016-9696-4"
)
_POWER_SCALING = (
    "Kallioinen, N., Paananen, T., Bürkner, P.-C. and Vehtari, A. (2024). Detecting and diagnosing prior and "
    "likelihood sensitivity with power-scaling. Statistics and Computing 34, 57. "
    "doi:10.1007/s11222-023-10366-5"
)
"""The works that the paragraph refers to."""


def build_section(results: Results) -> Section:
    """Return the paragraph and its references."""
    sentences = (
        _describe_model(results),
        *_describe_posterior(results),
        *_describe_point_estimates(results),
        *_describe_checks(results),
    )
    references = (
        _STAN,
        *((_NUTS, _RHAT) if results.nuts.is_ok else ()),
        *((_NUTPIE,) if results.nuts.sampler else ()),
        *((_LOO,) if results.loo.is_ok else ()),
        *((_POWER_SCALING,) if results.power_scaling.is_ok else ()),
    )
    blocks: tuple[Block, ...] = (
        Paragraph("A text for a paper, to be adapted:"),
        Quote("methods-text", " ".join(sentences)),
        Items(references),
    )
    return Section("methods", "Methods paragraph", blocks)


def _describe_model(results: Results) -> str:
    table = PurePath(results.data.path or "the data").name
    return (
        f"The model {results.model.name} was written in Stan and fitted to {table} "
        f"({pluralise(results.data.rows or 0, 'row')}) with Stan {results.toolchain.stan}, driven by "
        f"workbench {results.workbench}."
    )


def _describe_posterior(results: Results) -> list[str]:
    nuts = results.nuts
    if not nuts.is_ok:
        return []
    seed = "not recorded" if results.seed is None else results.seed
    return [
        "The posterior was sampled by the No-U-Turn sampler (Hoffman and Gelman 2014)"
        f"{_name_implementation(nuts)} with "
        f"{pluralise(nuts.chains or 0, 'chain')} of {format_count(nuts.warmup or 0)} warm-up and "
        f"{format_count(nuts.draws or 0)} kept iterations each (seed {seed}).",
        *_describe_convergence(results),
        f"We report posterior means with central {format_percentage(results.interval.level)} credible "
        "intervals.",
    ]


def _name_implementation(nuts: NutsResult) -> str:
    """Return which implementation ran, with its metric; empty for Stan's own."""
    if not nuts.sampler:
        return ""
    metric = "diagonal" if (nuts.settings or {}).get("metric") == "diag" else "low-rank"
    return f", as implemented in {nuts.sampler} with a {metric} metric (Seyboldt et al. 2026),"


def _describe_convergence(results: Results) -> list[str]:
    extremes = find_extremes(results)
    rhat, bulk, tail = extremes.rhat, extremes.ess_bulk, extremes.ess_tail
    if not (rhat and bulk and tail):
        return []
    divergences = results.nuts.divergences
    ending = "" if divergences is None else f"; {describe_divergences(divergences)}"
    return [
        f"The largest rank-normalised split R-hat was {format_number(rhat.value, 3)}, and the smallest "
        f"effective sample sizes were {format_count(bulk.value)} (bulk) and {format_count(tail.value)} "
        f"(tail) (Vehtari et al. 2021){ending}."
    ]


def _describe_point_estimates(results: Results) -> list[str]:
    phrases = []
    if results.mle.is_ok:
        phrases.append("maximum-likelihood estimates, with all priors switched off and Wald standard errors")
    if results.map.is_ok:
        phrases.append("the joint posterior mode on the constrained scale")
    if results.laplace.is_ok:
        phrases.append("a Laplace approximation around the mode on the unconstrained scale")
    return [f"For comparison we computed {'; '.join(phrases)}."] if phrases else []


def _describe_checks(results: Results) -> list[str]:
    """Return how the model was checked: replicated data, leave-one-out, power-scaling of the priors."""
    sentences = []
    if results.predictive.is_ok and results.predictive.outcomes:
        sentences.append("Data replicated from the posterior were compared with the observed data.")
    loo = results.loo
    if loo.is_ok and loo.elpd is not None:
        sentences.append(
            "Out-of-sample prediction was assessed by Pareto-smoothed importance sampling leave-one-out "
            f"cross-validation (Vehtari, Gelman and Gabry 2017): the expected log predictive density was "
            f"{format_number(loo.elpd, 1)} (standard error {format_number(loo.se, 1)}), the largest Pareto k "
            f"{format_number(loo.khat_max, 2)}."
        )
    if results.power_scaling.is_ok:
        sentences.append("Sensitivity to the prior was measured by power-scaling (Kallioinen et al. 2024).")
    return sentences
