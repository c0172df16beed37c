"""Which run predicts unseen rows better, and whether the difference is clear."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase

from workbench.comparison.standings import (
    Standing,
    compare_predictions,
    find_comparable_scale,
    find_doubts,
)
from workbench.diagnostics.common_scale import explain_other_outcome, find_same_outcome
from workbench.diagnostics.loo import count_cells
from workbench.report import figures
from workbench.report.document import (
    Cell,
    Column,
    Figure,
    Figures,
    Notice,
    Paragraph,
    Section,
    TableBlock,
    Tone,
)
from workbench.report.figures.elpd import MAX_ROWS
from workbench.report.numbers import MISSING, format_count, format_number
from workbench.results import Fit
from workbench.thresholds import SAME_PREDICTION, format_beside_limit

_TITLE = "Prediction"
"""The title of the section."""


@dataclass(frozen=True)
class PredictionComparison:
    """How well the runs predict.

    Attributes
    ----------
    obstacle
        Why they cannot be compared; empty where they can.
    standings
        By run, the best first.
    rows
        Rows of the log likelihood.
    remark
        The scale on which the runs are compared, where it is not that of every log likelihood.
    letters
        The letter that stands for each run in drawings.
    has_other_outcome
        Whether some run is known to have another outcome than the first: no predictions can be compared.
    alike
        The runs that then have the same outcome as another one, most of them; empty where none do.
    """

    obstacle: str = ""
    standings: Mapping[str, Standing] | None = None
    rows: int = 0
    remark: str = ""
    letters: Mapping[str, str] = field(default_factory=dict)
    has_other_outcome: bool = False
    alike: tuple[str, ...] = ()


def compare(fits: Mapping[str, Fit]) -> PredictionComparison:
    """Compare runs by leave-one-out, where that is possible."""
    scale = find_comparable_scale(fits)
    if scale.obstacle:
        has_other = bool(explain_other_outcome(fits))
        alike = find_same_outcome(fits) if has_other else ()
        return PredictionComparison(scale.obstacle, has_other_outcome=has_other, alike=alike)
    rows = count_cells(next(iter(fits.values())))
    letters = dict(zip(fits, ascii_uppercase, strict=False))
    return PredictionComparison("", compare_predictions(fits, scale.offsets), rows, scale.remark, letters)


def build_section(comparison: PredictionComparison, warning: str = "") -> Section:
    """Return the leave-one-out comparison, its picture first, or why there is none.

    A warning not to rely on it stands above its numbers.
    """
    if comparison.standings is None:
        notice = Notice(f"The runs cannot be compared by leave-one-out: {comparison.obstacle}")
        return Section("prediction", _TITLE, (notice,))
    warnings = (Notice(warning, Tone.FAIL),) if warning else ()
    texts = (comparison.remark, _describe_sample(comparison))
    remarks = (*warnings, *(Paragraph(text) for text in texts if text))
    return Section("prediction", _TITLE, (*remarks, *_draw(comparison), _build_table(comparison)))


def describe(comparison: PredictionComparison) -> str:
    """Return which run predicts best, and by how much; empty where they cannot be compared."""
    if comparison.standings is None:
        return ""
    (best, _), (second, standing), *others = comparison.standings.items()
    doubts = _list_doubts(comparison, standing)
    size = _format_difference(standing)
    if _is_equal(standing) and not is_unreliable(comparison):
        text = f"`{best}` and `{second}` predict left-out rows equally well: their elpd differs by {size}"
    elif doubts:
        text = (
            f"Leave-one-out does not show whether `{best}` or `{second}` predicts better: their elpd differs "
            f"by {size}, {' and '.join(doubts)}"
        )
    else:
        text = f"`{best}` predicts left-out rows better than `{second}`: its elpd is higher by {size}"
    return f"{text}{_describe_others(comparison, others)}."


def describe_trust(comparison: PredictionComparison) -> str:
    """Return whether leave-one-out can be relied on; empty where that is not known."""
    known = [each for each in (comparison.standings or {}).items() if each[1].khat_limit is not None]
    if not known:
        return ""
    bad = {name: standing for name, standing in known if standing.is_unreliable}
    if not bad:
        standing = max((standing for _, standing in known), key=lambda each: each.khat_max or -math.inf)
        largest, limit = _format_khat(standing)
        return f"Leave-one-out can be relied on: the largest k-hat is {largest}, and up to {limit} is good."
    clauses = []
    for name, standing in bad.items():
        largest, limit = _format_khat(standing)
        rows = f"{standing.bad_rows:,} of {standing.sampled or comparison.rows:,} rows"
        clauses.append(f"in `{name}` k-hat is above {limit} at {rows} (up to {largest})")
    return f"Leave-one-out cannot be relied on here: {'; '.join(clauses)}."


def advise(comparison: PredictionComparison) -> str:
    """Return what to do about the comparison; empty where it is clear."""
    if comparison.standings is None:
        return ""
    (best, _), (second, standing), *_ = comparison.standings.items()
    if is_unreliable(comparison):
        return (
            "What to do: look at the rows with a large k-hat; fit without them, or with a robust likelihood."
        )
    if _list_doubts(comparison, standing) and not _is_equal(standing):
        return f"What to do: prefer neither `{best}` nor `{second}` for its predictions alone."
    return ""


def is_unreliable(comparison: PredictionComparison) -> bool:
    """Return whether some k-hat of some run is too large."""
    return any(standing.is_unreliable for standing in (comparison.standings or {}).values())


def _list_doubts(comparison: PredictionComparison, standing: Standing) -> tuple[str, ...]:
    """Return why a difference to the best run is not clear."""
    best = next(iter((comparison.standings or {}).values()), None)
    return find_doubts(standing, comparison.rows, best)


def _is_equal(standing: Standing) -> bool:
    """Return whether a run predicts as the best does."""
    return standing.difference + standing.difference_error < SAME_PREDICTION


def _describe_sample(comparison: PredictionComparison) -> str:
    """Return from how many rows the numbers are estimated, and how well; empty where all were left out."""
    standings = comparison.standings or {}
    sampled = next((standing.sampled for standing in standings.values() if standing.sampled), None)
    if sampled is None:
        return ""
    errors = [standing.difference_sampling_se for standing in standings.values()]
    return (
        f"The numbers are estimated from {format_count(sampled)} of {format_count(comparison.rows)} rows, "
        "chosen at random and the same for all runs. The standard error of a difference by choosing them, "
        f"apart from the one in the table, is at most {format_number(max(errors), 2)} nats."
    )


def _format_difference(standing: Standing) -> str:
    difference, error = (format_number(each, 1) for each in (standing.difference, standing.difference_error))
    return f"{difference} nats (standard error {error})"


def _describe_others(comparison: PredictionComparison, others: Sequence[tuple[str, Standing]]) -> str:
    """Return a clause on the runs after the second: which are clearly worse than the best."""
    clear = [name for name, standing in others if not _list_doubts(comparison, standing)]
    if len(others) == 1:
        name, standing = others[0]
        if clear:
            return f"; `{name}` is clearly worse than the best, by {_format_difference(standing)}"
        return f"; whether `{name}` is worse than the best is not clear"
    if not others:
        return ""
    verb = "is" if len(clear) == 1 else "are"
    return f"; of the other {len(others)}, {len(clear) or 'none'} {verb} clearly worse than the best"


def _format_khat(standing: Standing) -> tuple[str, str]:
    """Return the largest k-hat and its limit, told apart."""
    khat, limit = standing.khat_max, standing.khat_limit or math.nan
    if khat is None or not math.isfinite(khat):
        return "infinite" if khat == math.inf else MISSING, f"{limit:.2f}"
    return format_beside_limit(khat, limit, 2)


def _draw(comparison: PredictionComparison) -> Iterator[Figures]:
    """Yield how far the runs are below the best, and which rows make the difference to the second."""
    standings, letters = comparison.standings or {}, comparison.letters
    numbers = [number for each in standings.values() for number in (each.difference, each.difference_se)]
    if not letters or not all(map(math.isfinite, numbers)):
        return
    (best, first), (second, other), *_ = standings.items()
    pairs = [(letters[name], standing) for name, standing in standings.items()]
    drawing = figures.draw_elpd_differences(
        [letter for letter, _ in pairs],
        [-standing.difference for _, standing in pairs],
        [standing.difference_se for _, standing in pairs],
    )
    sizes = [f"{letter} {-standing.difference:.1f}" for letter, standing in pairs]
    alt = f"Expected log predictive density relative to the best: {', '.join(sizes)}."
    drawn = [Figure(drawing, alt, "All rows together")]
    text = "All rows together: elpd relative to the best, with two standard errors."
    if first.elpd_by_row is not None and other.elpd_by_row is not None:
        rows = first.elpd_by_row - other.elpd_by_row
        kind = "rows" if first.sampled is None else "sampled rows"
        share = f"{letters[best]} predicts {int((rows > 0).sum()):,} of {len(rows):,} {kind} better"
        alt = f"Difference in expected log predictive density by row: {share}."
        picture = figures.draw_row_differences(rows, letters[best], letters[second])
        drawn.append(Figure(picture, alt, "Row by row"))
        few = f" The {MAX_ROWS:,} that differ most are drawn." if len(rows) > MAX_ROWS else ""
        text += f" Row by row: {share} than {letters[second]}, those above the line.{few}"
    names = ", ".join(f"{letter}: `{name}`" for name, letter in letters.items())
    yield Figures("elpd", tuple(drawn), f"{text} {names}.", "medium")


def _build_table(comparison: PredictionComparison) -> TableBlock:
    standings = comparison.standings or {}
    return TableBlock(
        key="loo-table",
        caption="Leave-one-out cross-validation, the best first [nats]",
        columns=(
            Column("Run", "name"),
            Column("elpd", "number", help="expected log predictive density"),
            Column("SE", "number"),
            Column("p_loo", "number", help="effective number of parameters"),
            Column("elpd", "number", "Below the best"),
            Column("SE", "number", "Below the best"),
            Column("Weight", "number", help="in the stack of predictive distributions"),
            Column("Why the difference is not clear", "prose"),
        ),
        rows=tuple(_build_row(comparison, *item) for item in standings.items()),
        note=(
            "elpd: expected log predictive density of rows that are left out one at a time. Weight: stacking "
            "(Yao et al. 2018). Small differences and few rows: Sivula et al. (2020), arXiv:2008.10296."
        ),
    )


def _build_row(comparison: PredictionComparison, name: str, standing: Standing) -> tuple[Cell, ...]:
    is_best = standing.difference == 0
    doubts = "" if is_best else "; ".join(_list_doubts(comparison, standing))
    return (
        Cell(name),
        Cell(format_number(standing.elpd, 1), Tone.CAUTION if standing.is_unreliable else None),
        Cell(format_number(standing.se, 1)),
        Cell(format_number(standing.p_loo, 1)),
        Cell(MISSING if is_best else format_number(standing.difference, 1)),
        Cell(MISSING if is_best else format_number(standing.difference_se, 1)),
        Cell(format_number(standing.weight, 2)),
        Cell(doubts or MISSING),
    )
