"""Average the predictions of several fits from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

from workbench import results
from workbench.api.arguments import Data, explain_options, show_progress
from workbench.api.finished_fit import as_result
from workbench.api.predicting import (
    NewGroups,
    as_new_table,
    check_choice,
    check_horizon,
    check_prediction,
    index_drawn,
    index_found,
)
from workbench.errors import MethodError
from workbench.prediction.row_index import find_index
from workbench.process import count_usable_cores

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from workbench.workflow.average import Average
    from workbench.workflow.predict_rows import PredictOptions
    from workbench.workflow.score import Scores

WeightsWord = Literal["stacking", "pseudo-bma", "evidence", "equal"]
"""How weights are found."""


class FitAverage:
    """Fits whose predictions are averaged: made by `workbench.average`.

    The prediction is the mixture of the predictive distributions, each in proportion to its weight.
    """

    def __init__(self, average: Average) -> None:
        self._average = average

    def __repr__(self) -> str:
        """Return the weights and whether averaging helps."""
        return f"<workbench.FitAverage: {' '.join(self.sentences)}>"

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each fit by name; they add up to 1."""
        return dict(self._average.weights)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The weights, and whether the average predicts left-out rows better than the best fit."""
        return self._average.sentences

    def to_dict(self) -> dict[str, Any]:
        """Return the weights, and what the average gains over the best fit, as JSON has them."""
        return self._average.to_dict()

    @overload
    def predict(
        self,
        new: Data | None = None,
        *,
        horizon: int | None = None,
        quantity: str | Sequence[str] = (),
        draws: Literal[False] = False,
        new_groups: NewGroups = "refuse",
        progress: bool = True,
    ) -> pd.DataFrame: ...

    @overload
    def predict(
        self,
        new: Data | None = None,
        *,
        horizon: int | None = None,
        draws: Literal[True],
        new_groups: NewGroups = "refuse",
        progress: bool = True,
    ) -> xr.Dataset: ...

    @explain_options
    def predict(
        self,
        new: Data | None = None,
        *,
        horizon: int | None = None,
        quantity: str | Sequence[str] = (),
        draws: bool = False,
        new_groups: NewGroups = "refuse",
        progress: bool = True,
    ) -> pd.DataFrame | xr.Dataset:
        """Predict new rows by the average: as `Fit.predict`, which explains the options and the columns.

        Each fit takes its own columns. Means and probabilities are weighted exactly; quantiles and quantities
        are of draws that are taken from each fit in proportion to its weight. Quantities are of predictions
        alone: an average has no parameters.

        Parameters
        ----------
        new, horizon, quantity, draws, new_groups, progress
            As in `Fit.predict`.

        Raises
        ------
        WorkbenchError
            Any error of a prediction, or a quantity of a parameter.
        """
        from workbench.workflow import average_rows
        from workbench.workflow.predict import tabulate_rows

        names = check_prediction(new_groups, horizon, quantity, draws=draws)
        fits = self._average.fits.values()
        table = None if new is None else as_new_table(fits, new, names)
        shown = show_progress(progress)
        options: PredictOptions = {"new_groups": new_groups, "horizon": horizon}
        if draws:
            found = average_rows.predict_average_draws(self._average, table, None, shown, **options)
            return index_drawn(found, new)
        if names:
            summaries = average_rows.predict_average_quantities(
                self._average, table, names, None, shown, **options
            )
            return index_found(summaries, new, horizon)
        with average_rows.open_average_predictions(self._average, table, None, shown, **options) as predicted:
            return index_found(tabulate_rows(predicted), new, horizon)

    @explain_options
    def score(
        self,
        new: Data,
        *,
        threshold: float = 0.5,
        new_groups: NewGroups = "refuse",
        horizon: int | None = None,
        progress: bool = True,
    ) -> Scores:
        """Score the average on rows whose outcome is known, and each fit alone beside it.

        Parameters
        ----------
        new, threshold, new_groups, horizon, progress
            As in `Fit.score`, which explains what is returned: the `gain` is that of the average over each
            fit.

        Raises
        ------
        WorkbenchError
            Any error of scoring.
        """
        from workbench.workflow.score import ScoringOptions
        from workbench.workflow.score_average import score_average

        check_choice("new_groups", new_groups, NewGroups)
        check_horizon(horizon)
        return score_average(
            self._average,
            as_new_table(self._average.fits.values(), new),
            None,
            show_progress(progress),
            threshold=threshold,
            options=ScoringOptions(new_groups, horizon),
            index=find_index(new),
        )


@explain_options
def average(
    *fits: results.Fit | str | Path | Sequence[results.Fit | str | Path],
    weights: WeightsWord | Mapping[str, float] | Sequence[float] = "stacking",
    progress: bool = True,
) -> FitAverage:
    """Average the predictions of several fits.

    Parameters
    ----------
    fits
        Fits or run directories with the same outcome, one by one or in a list.
    weights
        How they are weighted: `stacking`, by how well they predict left-out rows together; `pseudo-bma`, by
        how well each does; `evidence`, by their posterior probabilities; `equal`. Or the weight of each fit:
        in their order, or by the names of their folders.
    progress
        Whether progress is shown in terminals and notebooks.

    Returns
    -------
    An average with `weights`, `sentences` that say whether averaging helps, `predict` and `score`.

    Raises
    ------
    WorkbenchError
        The fits have no outcome in common, or weights cannot be found or are wrong.
    """
    from workbench.workflow.average import find_average
    from workbench.workflow.report import name_runs

    listed = [one for each in fits for one in (each if isinstance(each, list | tuple) else (each,))]
    known = [as_result(fit) for fit in listed]
    names = name_runs([fit.folder or Path(fit.results.model.name) for fit in known])
    if isinstance(weights, str):
        if weights not in get_args(WeightsWord):
            words = ", ".join(get_args(WeightsWord))
            raise MethodError(f"`weights` was expected to be one of {words}, or numbers; found `{weights}`.")
    elif not isinstance(weights, Mapping):
        if len(weights) != len(names):
            expected = f"a number for each of {len(names)} fits"
            raise MethodError(f"`weights` was expected to have {expected}, found {len(weights)}.")
        weights = dict(zip(names, map(float, weights), strict=True))
    found = find_average(
        dict(zip(names, known, strict=True)),
        weights,
        jobs=count_usable_cores(),
        progress=show_progress(progress),
    )
    return FitAverage(found)
