"""The methods paragraph: what was done, ready to paste into a paper."""

from __future__ import annotations

from pathlib import PurePath

from workbench.report.document import Block, Disclosure, Items, Paragraph, Quote, Section
from workbench.report.fit.references import format_bibtex, list_references, uses_lbfgs
from workbench.report.fit.sampler import describe_divergences, find_extremes
from workbench.report.numbers import format_count, format_number, format_percentage, pluralise
from workbench.results.view import LooResult, NutsResult, Results


def build_section(results: Results) -> Section:
    """Return the paragraph and its references."""
    sentences = (
        _describe_model(results),
        *_describe_posterior(results),
        *_describe_point_estimates(results),
        *_describe_checks(results),
    )
    bibtex = Quote("methods-bibtex", format_bibtex(results).rstrip("\n"), is_verbatim=True)
    blocks: tuple[Block, ...] = (
        Paragraph("A text for a paper, to be adapted:"),
        Quote("methods-text", " ".join(sentences)),
        Items(tuple(reference.text for reference in list_references(results))),
        Disclosure("The references as BibTeX", (bibtex,), "methods-references"),
    )
    return Section("methods", "Methods paragraph", blocks)


def _describe_model(results: Results) -> str:
    table = PurePath(results.data.path or "the data").name
    return (
        f"The model {results.model.name} was written in Stan (Carpenter et al. 2017) and fitted to {table} "
        f"({pluralise(results.data.rows or 0, 'row')}) with Stan {results.toolchain.stan}, driven by "
        f"workbench {results.workbench}."
    )


def _describe_posterior(results: Results) -> list[str]:
    nuts = results.nuts
    if not nuts.is_ok:
        return []
    seed = "not recorded" if results.seed is None else results.seed
    return [
        "The posterior was sampled by the No-U-Turn sampler (Hoffman and Gelman 2014; Betancourt 2017)"
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
        f"(tail) (Vehtari et al. 2021), as ArviZ computes them (Kumar et al. 2019){ending}."
    ]


def _describe_point_estimates(results: Results) -> list[str]:
    phrases = []
    if results.mle.is_ok:
        phrases.append("maximum-likelihood estimates, with all priors switched off and Wald standard errors")
    if results.map.is_ok:
        phrases.append("the joint posterior mode on the constrained scale")
    if results.laplace.is_ok:
        phrases.append(
            "a Laplace approximation around the mode on the unconstrained scale (Tierney and Kadane 1986)"
        )
    if results.pathfinder.is_ok:
        phrases.append("the approximation by Pathfinder (Zhang et al. 2022)")
    optimiser = " Optima were found by L-BFGS (Liu and Nocedal 1989)." if uses_lbfgs(results) else ""
    return [f"For comparison we computed {'; '.join(phrases)}.{optimiser}"] if phrases else []


def _describe_checks(results: Results) -> list[str]:
    """Return how the model was checked: replicated data, leave-one-out, power-scaling of the priors."""
    sentences = []
    if results.predictive.is_ok and results.predictive.outcomes:
        sentences.append(
            "Data replicated from the posterior were compared with the observed data "
            "(Gelman, Meng and Stern 1996)."
        )
    loo = results.loo
    if loo.is_ok and loo.elpd is not None:
        sentences.append(
            "Out-of-sample prediction was assessed by Pareto-smoothed importance sampling leave-one-out "
            f"cross-validation (Vehtari, Gelman and Gabry 2017; Vehtari et al. 2024){_describe_sample(loo)}: "
            "the expected log "
            f"predictive density was {format_number(loo.elpd, 1)} (standard error "
            f"{format_number(loo.se, 1)}), the largest Pareto k {format_number(loo.khat_max, 2)}."
        )
    if results.power_scaling.is_ok:
        sentences.append(
            "Sensitivity to the prior was measured by power-scaling (Kallioinen et al. 2024), with Pareto "
            "smoothed importance weights (Vehtari et al. 2024)."
        )
    return sentences


def _describe_sample(loo: LooResult) -> str:
    """Return that rows were sampled, as a clause after a comma; empty where all were left out."""
    if loo.sampled is None:
        return ""
    return (
        f", estimated from a random sample of {format_count(loo.sampled)} of "
        f"{format_count(loo.observations)} rows by the difference estimator (Magnusson et al. 2020; "
        f"standard error by sampling {format_number(loo.sampling_se, 2)})"
    )
