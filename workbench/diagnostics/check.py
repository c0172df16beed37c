"""What a check is: a question about a run, with a stable code, a threshold and its reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Literal

from workbench.results import Fit
from workbench.results.view import NO_LIKELIHOOD, CheckResult, DrawsEstimate, Results

Status = Literal["issue", "tip", "passed", "n/a", "skipped"]
Severity = Literal["fail", "caution", "none"]
Assess = Callable[[Fit], "Finding"]


@dataclass(frozen=True)
class Finding:
    """The answer to a check's question.

    Attributes
    ----------
    status
        `issue` counts against the verdict, `tip` does not; `n/a` means that the question does not arise.
    message
        One sentence with the number in it.
    measured
        The number that was compared with the threshold.
    severity
        How an issue moves the verdict.
    advice
        What to do about it, where that depends on what was found or on what was run; else the check's own.
    """

    status: Status
    message: str
    measured: float | None = None
    severity: Severity = "none"
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A question that is asked of every run.

    Attributes
    ----------
    code
        Its code, such as `WB101`; never reused.
    title
        A few words.
    threshold
        The number that decides, as text.
    reference
        Where the threshold comes from.
    meaning
        What an issue says about the run, in a sentence or two.
    advice
        What to do about an issue, unless the finding itself says so.
    page
        The longer explanation, in paragraphs: how the number is computed and how to read it.
    assess
        Answers the question for a fit whose record holds all measures.
    """

    code: str
    title: str
    threshold: str
    reference: str
    meaning: str
    advice: str
    page: tuple[str, ...]
    assess: Assess

    @property
    def explanation(self) -> str:
        """What an issue says, as a page of the check begins: its title is the state without one."""
        return f"A finding means: {self.meaning}"

    def examine(self, fit: Fit) -> CheckResult:
        """Return the check and what it finds in a fit, as `run.json` holds them."""
        finding = self.assess(fit)
        return CheckResult(
            code=self.code,
            title=self.title,
            threshold=self.threshold,
            reference=self.reference,
            meaning=self.meaning,
            advice=finding.advice or self.advice,
            status=finding.status,
            message=finding.message,
            measured=finding.measured,
            severity=finding.severity,
        )


def collect_statistic(results: Results, read: Callable[[DrawsEstimate], float | None]) -> dict[str, float]:
    """Return a statistic of the posterior draws by label.

    Only parameters and transformed parameters count, and only where the statistic is finite.

    Parameters
    ----------
    results
        The results of a run.
    read
        Reads the statistic from an estimate.
    """
    values = {
        estimate.label or name: read(estimate)
        for name, estimate in results.nuts.estimates.items()
        if results.is_declared(name)
    }
    return {label: value for label, value in values.items() if value is not None}


def format_p_value(p_value: float) -> str:
    """Return a p-value as it is usually written.

    >>> format_p_value(0.0001), format_p_value(0.25)
    ('p < 0.001', 'p = 0.250')
    """
    if p_value < 0.001:
        return "p < 0.001"
    return "p > 0.999" if p_value > 0.999 else f"p = {p_value:.3f}"


def split_paragraphs(text: str) -> tuple[str, ...]:
    r"""Return the paragraphs of a text, each on one line.

    >>> split_paragraphs("one two\nthree\n\nfour")
    ('one two three', 'four')
    """
    return tuple(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))


def requires_draws(assess: Assess) -> Assess:
    """Wrap a check of the posterior draws: without them it does not apply."""

    @wraps(assess)
    def wrapped(fit: Fit) -> Finding:
        nuts = fit.results.nuts
        if nuts.is_ok:
            return assess(fit)
        if nuts.status == "skipped":
            return Finding("skipped", "No posterior draws were requested.")
        return Finding("n/a", f"There are no posterior draws: {nuts.reason}")

    return wrapped


def requires_predictions(assess: Assess) -> Assess:
    """Wrap a check of replicated data.

    Without them it does not apply; where only their cost prevented them, it was skipped.
    """

    @requires_draws
    @wraps(assess)
    def wrapped(fit: Fit) -> Finding:
        predictive = fit.results.predictive
        if predictive.is_ok:
            finding = assess(fit)
        else:
            finding = Finding("n/a", f"There are no replicated data: {predictive.reason}")
        costly = [outcome for outcome in predictive.left_out if outcome.too_costly]
        if finding.status == "n/a" and costly:
            return Finding("skipped", f"`{costly[0].name}` was not checked: {costly[0].reason}")
        return finding

    return wrapped


def requires_power_scaling(assess: Assess) -> Assess:
    """Wrap a check of the sensitivity to priors: without it, it does not apply."""

    @requires_draws
    @wraps(assess)
    def wrapped(fit: Fit) -> Finding:
        scaling = fit.results.power_scaling
        if fit.results.model.has_no_likelihood:
            return Finding("n/a", NO_LIKELIHOOD)
        if scaling.is_ok:
            return assess(fit)
        return Finding("n/a", f"Power-scaling is not available: {scaling.reason}")

    return wrapped
