"""New rows: what a fit predicts of them, and how well it predicted those whose outcome is known.

::

    predictions    the values: an outcome by draw and element
    new_rows       what the record of a run alone says against new rows
    growth         which sizes grow with a table          levels       new rows bound, new groups
    predictor      the predictive program run for draws   proof        tried on the fit's own rows
    replicate_proof   whether the author's replicates depend on the other rows
    chunk          some new rows predicted                forecast     rows that depend on those of the fit
    horizon        rows appended to those of the fit      outcomes     outcomes from generated quantities
    one_step       draws weighted by the rows before
    outcome_summaries   the table of predictions
    expressions    a grammar of quantities, by names and evaluation; summaries and monte_carlo make their
                   numbers, quantities their table
    draw_files     draws as Parquet or netCDF             table_checks columns in another unit
    scores/        how well rows with a known outcome are predicted
"""

from workbench.prediction.predictions import OutcomePrediction, Predictions

__all__ = ["OutcomePrediction", "Predictions"]
