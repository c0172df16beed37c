"""Every number that decides something, once: its meaning, its unit and its reference.

"Ours" marks a convention of the workbench that no reference prescribes. Tolerances of algorithms, sizes of
pictures and lengths of lists stay beside the code that uses them.

References
----------
Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), Rank-normalization, folding, and localization: an
improved R-hat, Bayesian Analysis 16(2), doi:10.1214/20-BA1221.
Betancourt (2016), Diagnosing suboptimal cotangent disintegrations in Hamiltonian Monte Carlo,
arXiv:1604.00695.
Vehtari, Simpson, Gelman, Yao and Gabry (2024), Pareto smoothed importance sampling, JMLR 25(72).
Kallioinen, Paananen, Bürkner and Vehtari (2024), Detecting and diagnosing prior and likelihood sensitivity
with power-scaling, Statistics and Computing 34:57, doi:10.1007/s11222-023-10366-5.
Sivula, Magnusson, Matamoros and Vehtari (2020), Uncertainty in Bayesian leave-one-out cross-validation based
model comparison, arXiv:2008.10296.
"""

from __future__ import annotations

import math

# --- Chains -----------------------------------------------------------------------------------------------

RHAT_LIMIT = 1.01
"""Largest acceptable R-hat: Vehtari et al. (2021), section 4."""

ESS_PER_CHAIN = 100
"""Smallest acceptable bulk and tail ESS per chain: Vehtari et al. (2021), section 4."""

MCSE_LIMIT = 0.1
"""Largest acceptable Monte Carlo standard error of a posterior mean [posterior SD]. Ours: it adds half a
percent to the uncertainty; rules with fixed relative widths are in Flegal, Haran and Jones (2008),
doi:10.1214/08-STS257."""

EBFMI_LIMIT = 0.3
"""Smallest acceptable E-BFMI of a chain: Betancourt (2016)."""

DIVERGENT_SHARE_LIMIT = 0.01
"""Share of divergent transitions from which the verdict is `fail`; below it, `caution`. Ours: a handful
among thousands is often the tip of a narrow region; a percent means that the region is cut off."""

FEWEST_LOCATED_DIVERGENCES = 5
"""Divergences from which their location is reported. Ours: the mean of fewer is chance."""

DIVERGENT_SHIFT_LIMIT = 0.5
"""Distance between the means of divergent and other draws [posterior SD] that is worth naming. Ours."""

STEP_SIZE_RATIO_LIMIT = 3.0
"""Largest acceptable ratio of step sizes between chains. Ours: adaptation alone spreads them by about
1.5."""

# --- Importance sampling ----------------------------------------------------------------------------------

KHAT_LIMIT = 0.7
"""k-hat above which importance sampling is unreliable for any number of draws: Vehtari et al. (2024),
section 3.2.4."""

FINITE_VARIANCE_KHAT = 0.5
"""k-hat from which ratios may have no finite variance, so that the standard error of their mean is not known:
Vehtari et al. (2024), section 2.2."""

RATIO_ERROR_LIMIT = 0.05
"""Largest standard error of the log of a mean ratio [nats] that is relied on. Ours: about four hundred
effective draws; of few the error itself is not known."""

KHAT_RULE = f"min(1 - 1/log10(S), {KHAT_LIMIT:g})"
"""The limit of k-hat for S draws, as text."""


FEWEST_BRIDGE_DRAWS = 50
"""Draws of each chain that bridge sampling needs: a proposal is fitted to half of them. Ours."""

BRIDGE_ERROR_LIMIT = 0.1
"""Largest possible Monte Carlo error of a log evidence that needs no k-hat [nats]: a tenth of a Bayes factor.
Ours."""

BRIDGE_HALVES_LIMIT = 4.0
"""Standard errors between the two halves of a bridge estimate from which their errors are not believed. Ours:
a normal variable is farther out once in sixteen thousand times."""

PROBABILITY_ERROR_LIMIT = 0.05
"""Total variation distance up to which a normal may stand for a posterior whatever its k-hat. Ours: then no
probability is off by more than five percentage points. Of a normal with the moments of the posterior k-hat
alone is too strict: nearly all of its ratios are equal, so that a few others look like a heavy tail."""


def khat_limit(draws: int) -> float:
    """Return the k-hat up to which importance sampling with so many draws is reliable.

    References
    ----------
    Vehtari et al. (2024), section 3.2.4: min(1 - 1/log10(S), 0.7).

    >>> round(khat_limit(1000), 3), khat_limit(4000)
    (0.667, 0.7)
    """
    return min(1 - 1 / math.log10(draws), KHAT_LIMIT) if draws > 1 else -math.inf


FEWEST_LOO_DRAWS = 25
"""Draws needed for leave-one-out: a fifth of them form the tail, whose shape needs five. Ours."""

MATCHED_DIFFERENCE = 0.05
"""By how much further maps may change the log predictive density of a row that moment matching repaired
[nats]: k-hat of a finite sample can be too small by chance, and then they change it by more. Ours."""

MATCHED_SHARE = 0.0015
"""The same as a share of that density, for rows that are very improbable without themselves. Ours."""

MATCHED_KHAT = 0.5
"""Up to which k-hat two such estimates need to agree, above which three: below it weights have a finite
variance. Vehtari, Gelman and Gabry (2017), doi:10.1007/s11222-016-9696-4."""

QUADRATURE_LIMIT = 5e-4
"""By how much a finer rule may change the log density of a row whose own effect is integrated out [nats], and
which share of the effect's prior may be beyond the range of integration. Ours."""

MOST_ROW_REFITS = 50
"""Rows that are repaired by a fit without each of them; where there are more, K-fold costs less. Ours."""

REFIT_ERROR_LIMIT = 0.2
"""Monte Carlo standard error of the log density of a row by fits with and without it [nats] above which the
row is not called repaired. Ours: of twenty rows the sum then has an error below one nat."""

MANY_LOO_ROWS = 50_000
"""Rows above which leave-one-out is estimated from a sample of them, where not all draws are kept. Ours."""

LOO_SAMPLE_ROWS = 1000
"""Rows of that sample: its standard error is then far below that of the elpd. Ours; Magnusson, Riis Andersen,
Jonasson and Vehtari (2019), https://proceedings.mlr.press/v97/magnusson19a.html, take tens to thousands."""

WAIC_VARIANCE_LIMIT = 0.4
"""Variance of a row's log likelihood above which leaving it out may fail [nats squared]:
Vehtari, Gelman and Gabry (2017), doi:10.1007/s11222-016-9696-4."""

FEWEST_POWER_SCALING_DRAWS = 100
"""Draws needed for power-scaling: the tails of fewer weights are too short for their shape. Ours."""

WEIGHTED_ESS_SHARE = 0.25
"""Share of a full fit's own effective draws that suffices for a reweighted one where that fit has few.
Ours."""

# --- Optima -----------------------------------------------------------------------------------------------

NEWTON_DECREMENT_LIMIT = 1e-6
"""Newton decrement [nats], what a further Newton step would gain, up to which a point is a mode: Boyd and
Vandenberghe (2004), Convex Optimization, section 9.5.1; limit ours."""

MODE_CURVATURE_LIMIT = 0.5
"""Scaled curvature of every direction above which a Hessian is negative definite: 1 where the eigenvalue is
resolved, between -1 and 1 where it is lost in rounding. Nocedal and Wright (2006), Numerical Optimization,
theorem 2.4: sufficient conditions of second order; limit ours."""

MODE_STEP = 0.1
"""Step [standard errors] to both sides along the direction that curves least, by which a log density must not
rise at a mode; it falls by 0.005 nats where it is normal. Ours."""

LEVEL_FALL = 0.01
"""Fall of a log density [nats] one standard error from a point to one side, up to which the point is no mode;
it falls by 0.5 where it is normal. Ours."""

SEARCH_EVALUATIONS_PER_DRAW = 2.0
"""Evaluations of the log density that a search for modes may take for each iteration of NUTS, warm-up
included. Ours: NUTS itself takes ten and more, and searches with a mode stay far below."""

FEWEST_SEARCH_EVALUATIONS = 16_000.0
"""Evaluations that a search for modes may take however few draws are requested: those beside the default
number of draws. Ours."""

RUNAWAY_SE_LIMIT = 20.0
"""Standard error on a log or logit scale above which a parameter runs to its bound. Ours: a factor of
exp(20)."""

WIDE_ERROR = 2.0
"""Standard error of an MLE on a log or log-odds scale above which the data hardly limit a parameter. Ours: an
interval over a factor of 2,500."""

RUNAWAY_DISTANCE_LIMIT = 8.0
"""Distance from 0 on a log or logit scale above which a search without an end is on its way to the bound.
Ours: a factor of 3000."""

SAME_MODE_DISTANCE = 0.1
"""Distance in every parameter [standard error at the mode] below which two optima are the same mode.
Ours."""

SAME_MODE_LOG_DENSITY = 1e-2
"""Difference of log densities [nats] below which two optima may be the same mode. Ours."""

SECOND_MODE_LIMIT = 5.0
"""Log density [nats] below the highest mode within which a second one counts. Ours: it can then hold a
percent of the mass and more."""

SAME_MODE_LOG_MASS = 0.1
"""Difference between the log masses of two modes [nats] up to which they are equal. Ours: a tenth."""

VISITED_SHARE_LIMIT = 0.01
"""Share of the draws at a mode, relative to the expected one, below which it was not visited. Ours."""

STAYING_SHARE_LIMIT = 0.99
"""Share of a chain's draws at one mode from which it stayed there. Ours: single draws far out may lie nearer
to another."""

BOUND_DISTANCE_LIMIT = 0.01
"""Distance from a declared bound [posterior SD] below which an optimum lies on it. Ours: no optimum inside
the range is that close by chance, and optimisers never reach the bound itself."""

SHIFT_LIMIT = 0.5
"""Distance [posterior SD] between a mode and the posterior mean, or between the means of two posteriors,
that is worth a remark. Ours: half a standard deviation changes how one reads an interval."""

LARGE_SHIFT_LIMIT = 1.0
"""The same distance [posterior SD] above which a table highlights it. Ours."""

# --- What should be equal ---------------------------------------------------------------------------------

DENSITY_DIFFERENCE_LIMIT = 1e-9
"""Largest difference between the log densities of the instrumented program and the original, relative to
their size and up to a constant. Ours."""

GRADIENT_DIFFERENCE_LIMIT = 1e-8
"""Largest difference of their gradients, relative to the largest component at that point. Ours."""

TERM_SUM_LIMIT = 1e-8
"""Largest difference between the sum of all terms and the log density at posterior draws, relative. Ours:
rounding gives 1e-10; where draws are written with too few digits, the terms are computed again."""

SOLVER_SUM_LIMIT = 1e-5
"""The same where a solver of equations takes other steps with derivatives: a tenth of a nat in a log density
of 10,000, far below what leave-one-out and power-scaling resolve. Ours."""

RESCALING_DIFFERENCE_LIMIT = 1e-8
"""Largest difference of the densities on the standardized and the original scale, relative, that counts as
rounding. Ours."""

LOG_LIKELIHOOD_DIFFERENCE_LIMIT = 1e-6
"""Largest difference between the log likelihoods of the same rows [relative], and between log ratios
computed in two ways [nats], that counts as rounding. Ours: draws are stored with ten digits."""

EXPORT_DIFFERENCE_LIMIT = 1e-8
"""Largest relative difference between the expectations of an export and of `predict` that counts as rounding.
Ours: draws are stored with ten digits, and transformed parameters among them."""

AUTHORS_MEAN_LIMIT = 10.0
"""Standard errors between the average of an author's replicates of one row and its mean from which the
program draws in another way than it models. Ours: skewed counts with few events pass six by chance."""

REPLICATE_MEAN_LIMIT = 6.0
"""Standard errors between the average of replicates and their means from which the author draws something
else. Ours: by chance once in 500 million runs, were the errors normal."""

JOINT_DENSITY_DIFFERENCE_LIMIT = 1e-5
"""Difference, relative and absolute, up to which the log density of all rows of a joint outcome is that of
some rows plus that of the others given these. Ours: decomposing a nearly singular covariance loses digits."""

SAME_VALUE_LIMIT = 1e-8
"""Largest relative difference between two values of one observation, computed in two ways, that counts as
rounding. Ours: a logarithm and its inverse lose less."""

REPLAY_DISTANCE_LIMIT = 4.0
"""Distance [combined Monte Carlo standard error] above which two estimates of one number disagree. Ours:
chance alone exceeds it once in 16,000 comparisons."""

REPLAY_MODE_LIMIT = 1e-6
"""Largest difference of two modes, relative to their standard error or size, that counts as rounding.
Ours."""

STEP_STANDARD_ERRORS = 2.0
"""Monte Carlo standard errors below which a gap between mode and mean, or a step of it, is within its error.
Ours: the usual 95 %."""

# --- Prediction -------------------------------------------------------------------------------------------

P_VALUE_LIMIT = 0.005
"""Tail probability below which a posterior predictive p-value is an issue, on either side. Ours: there are
several test statistics, and 0.025 would flag one healthy run in five."""

P_VALUE_MARK = 0.025
"""Tail probability below which a report marks a test statistic, on either side: outside the central 95 %.
Ours."""

PIT_P_VALUE_LIMIT = 0.01
"""p-value below which probability integral transforms are not uniform. Ours: it flags one healthy run in a
hundred."""

COARSE_PIT_LIMIT = 0.1
"""How much of the statistic of Kolmogorov and Smirnov, times the root of the rows, steps of one replicate may
make: its own values are around 0.9. Ours."""

COVERAGE_P_VALUE_LIMIT = 0.0025
"""Binomial p-value below which the coverage of an interval is off: 0.01 shared among four levels. Ours."""

FEWEST_CALENDAR_ROWS = 3
"""Rows from which on the steps between their times show a calendar. Ours: two rows have one step."""
FEWEST_COUNTS = 10
"""Counts from which their dispersion is judged. Ours: of fewer, a single one far from its mean decides."""

SPIEGELHALTER_LIMIT = 3.0
"""Largest acceptable size of Spiegelhalter's z, standard normal for calibrated probabilities: Spiegelhalter
(1986), doi:10.1002/sim.4780050506; limit ours."""

FEWEST_BINARY_OBSERVATIONS = 30
"""Observations from which Spiegelhalter's z is nearly normal. Ours."""

DEPENDENCE_P_VALUE_LIMIT = 0.01
"""p-value, shared among all orders or columns that were tried, below which residuals depend on each other.
Ours: it flags one healthy run in a hundred."""

DESIGN_EFFECT_LIMIT = 1.1
"""Ratio of the variance of a mean to that of independent rows, from which dependence counts: Kish (1965),
Survey Sampling, section 8.2; limit ours: standard errors are then 5 % too small."""

FEWEST_ORDERED_ROWS = 20
"""Rows from which the dependence of residuals is examined. Ours: of fewer, none short of 0.5 would show."""

SORTED_SHARE_LIMIT = 0.1
"""Share of steps in the other direction up to which rows are sorted by a column. Ours."""

SORTED_TREND_LIMIT = 0.9
"""Rank correlation of residuals with the number of their row above which rows are sorted by something close
to the outcome. Ours: of autoregressive series, hardly any has as clear a trend."""

FEWEST_COMPARED_ROWS = 100
"""Rows below which the standard error of an elpd difference can be too small: Sivula et al. (2020), section
6."""

SAME_PREDICTION = 0.1
"""Difference in elpd and its standard error together [nats] up to which two runs predict the same. Ours."""

MOST_MODELS_WITHOUT_SELECTION = 11
"""Models up to which the best of them is hardly best by chance: as the loo package has it, after McLatchie
and Vehtari (2024)."""

ELPD_DIFFERENCE_LIMIT = 4.0
"""Difference of elpd [nats] below which no model is preferred: Sivula et al. (2020), section 6."""

FEWEST_FOLDS = 2
"""Folds of a cross-validation at least: with a single one nothing would be left to fit."""

MOST_STRATA = 20
"""Values of a yes/no outcome or category up to which folds get their share of each. Ours: with more, folds
without some of them are the rule."""

JOINT_ERROR_LIMIT = 0.05
"""Monte Carlo standard error of the joint log density of a group that was left out [nats] above which its
effects are drawn again, several times for each draw. Ours: of a hundred groups the sum has then an error of
half a nat, which is small beside `ELPD_DIFFERENCE_LIMIT`."""

UNKNOWN_SCORE_ERROR = 0.3
"""Monte Carlo standard error of the log predictive density of a unit [nats] above which it is hardly known.
Ours: a dozen draws or fewer then make its average, and others of more weight may not have been drawn."""

SAME_JOINT_ERRORS = 5.0
"""Standard errors up to which the joint density by effects drawn again counts as that by the draws of the
fit. Ours: by chance once in a million groups."""

ELPD_STANDARD_ERRORS = 2.0
"""Standard errors of an elpd difference within which no model is preferred: the usual 95 %."""

ELPD_STANDARD_ERRORS_FEW_ROWS = 4.0
"""The same with fewer than 100 rows: the actual standard error can then be twice the estimated one, as
Bengio and Grandvalet (2004), Journal of Machine Learning Research 5, 1089-1105, and Sivula et al. (2020),
section 6, show. A difference beyond it is clear all the same."""

NEARLY_ALL_WEIGHT = 0.95
"""Weight of a run in an average from which the average is this run, for all that can be seen. Ours: its mean
then lies within a twentieth of the distance between the runs."""

NEGLIGIBLE_WEIGHT = 1e-6
"""Weight in an average below which a run is left out of it. Ours: what an optimiser leaves where the weight
is 0."""

FEWEST_TAIL_DRAWS = 4.0
"""Draws that must be expected beyond a quantile or a return level. Ours: the probability of exceeding it is
then known within half of itself, the standard error of a count of four."""

CLASSIFICATION_THRESHOLD = 0.5
"""Probability from which on an outcome is predicted to happen, unless another is given. Ours: right where
both errors cost the same."""

FEWEST_INTERVAL_DRAWS = 100
"""Draws from which the ends of a 95 % predictive interval and tail areas are taken. Ours: beyond each end of
fewer lie one or two."""

# --- Calibration ------------------------------------------------------------------------------------------

RANKED_DRAWS = 99
"""Draws among which a truth is ranked: 100 ranks, as Säilynoja, Bürkner and Vehtari (2022),
doi:10.1007/s11222-022-10090-6, and Modrák et al. (2023), doi:10.1214/23-BA1404, take."""

CALIBRATION_P_VALUE_LIMIT = 0.01
"""Probability that a method whose posteriors are all right is called wrong: over all quantities together, by
Holm (1979), Scandinavian Journal of Statistics 6(2), 65-70. Ours: at 0.05, one right model in 20 would be."""

VARIANCE_ERROR_LIMIT = 0.4
"""Largest standard error of the variance of truths [relative to it] with which something is compared with it.
Ours: of 200 draws of a half-Cauchy, which has no variance, that is exceeded in 94%; of a lognormal(0, 1) in
23%, of an exponential in less than 1%."""

FEWEST_SIMULATIONS = 20
"""Fits of a method from which its calibration is judged. Ours: fewer show gross faults alone."""

SHAPE_STANDARD_ERRORS = 3.0
"""Distance from what uniform ranks give [standard errors] at which a shape of ranks is named. Ours."""

ROOT_ROWS_LIMIT = 0.1
"""Share by which widths of intervals times the square root of rows may differ where intervals are said to
shrink as 1 / sqrt(rows). Ours."""

WIDTH_SHRINKS_LIMIT = 0.9
"""Width with the most rows, relative to that with the fewest, above which rows hardly narrow it. Ours."""

FAILED_FITS_SHARE = 0.05
"""Share of simulations without a fit from which a verdict is held back: what failed may be what is wrong.
Ours."""

ALARMED_FITS_SHARE = 0.5
"""Share of fits in which one check of chains (R-hat, ESS, divergences, E-BFMI) fires beyond which NUTS is not
called calibrated for its ranks alone. Ours: fits of the centred eight schools to 40 simulated data sets show
no fault, and 28 have divergences."""

QUIET_FITS_SHARE = 0.75
"""Share of fits in which the checks of chains are quiet from which the others alone may be blamed: among
fewer a fault of the program would hide. Ours."""

QUIET_FITS_P_VALUE_LIMIT = 0.05
"""Adjusted p-value of a quantity among the fits whose checks are quiet, below which these are not called
right where all fits together are wrong. Ours."""

# --- Priors -----------------------------------------------------------------------------------------------

POWERS = (0.99, 1.01)
"""The powers of power-scaling: Kallioinen et al. (2024), section 2.5."""

SENSITIVITY_LIMIT = 0.05
"""Sensitivity from which a posterior is sensitive to what is scaled: Kallioinen et al. (2024), section
2.5."""

PRIOR_SHIFT_LIMIT = 3.0
"""Distance between MLE and MAP [standard error of the MLE, or posterior SD] from which a prior decides.
Ours: it expects what the data all but rule out, or it leaves them little weight."""

PRIOR_WEIGHT_LIMIT = 1.0
"""Information of the priors relative to that of the data above which they outweigh the data: Neuenschwander,
Weber, Schmidli and O'Hagan (2020), doi:10.1111/biomet.13252; limit ours."""

CHANCE_RATIO_LIMIT = 2.0
"""Distance between two posteriors, by the root mean square distance that chance gives, from which they
differ. Ours."""

MARGIN_STANDARD_ERRORS = 2.0
"""Monte Carlo standard errors within which the sign of a decision's margin cannot be told, a tipping point
may lie, and a move or a slope may be chance: 95.4 % of a normal distribution. A Monte Carlo result is
reported with an interval of this kind: Flegal, Haran and Jones (2008), doi:10.1214/08-STS257, section 3;
multiple ours."""


def count_chance_errors(count: int) -> float:
    """Return the Monte Carlo standard errors within which the largest of so many numbers may be chance.

    For one number they are `MARGIN_STANDARD_ERRORS`; for more, each gets its share of that probability.

    References
    ----------
    Dunn (1961), Multiple comparisons among means, doi:10.1080/01621459.1961.10482090.

    >>> count_chance_errors(1), round(count_chance_errors(100), 2)
    (2.0, 3.51)
    """
    from statistics import NormalDist  # only here: every command imports this file

    tail = NormalDist().cdf(-MARGIN_STANDARD_ERRORS)
    return -NormalDist().inv_cdf(tail / count) if count > 1 else MARGIN_STANDARD_ERRORS


TELLING_STANDARD_ERRORS = 3.0
"""Monte Carlo standard errors that a margin should have where more draws are advised. Ours: a margin of
`MARGIN_STANDARD_ERRORS` would be told only every other time; with one more, five times out of six."""

MOST_TIMES_MORE_DRAWS = 100.0
"""Largest multiple of the draws that is advised. Ours: a margin of less than 0.3 standard errors says nothing
about how many draws would tell."""

CONTRACTION_LIMIT = 0.1
"""Contraction below which a posterior is still its prior. Ours: its spread is then at most 5 % smaller."""

# --- Data -------------------------------------------------------------------------------------------------

RANGE_WIDTHS = 1.0
"""Widths of a column's range in the fit by which new values must lie beyond it to be far outside. Ours: for a
normal column of 100 rows that is more than seven standard deviations from the mean."""

FEWEST_RANGE_ROWS = 10
"""Rows from which a range says where values can lie. Ours: of fewer, one half of a table can lie far from the
other by chance. With it, none of 5,000 random halves of the bundled tables does."""

FAR_ROWS_SHARE = 0.5
"""Share of new rows above which values far outside are a matter of the column's unit. Ours: a change of unit
moves every row, a heavy tail few."""

SAME_UNIT_RATIO = 1.5
"""Ratio of typical values above which such a remark states it. Ours."""

SCALE_RATIO_LIMIT = 100.0
"""Largest acceptable ratio of SDs among predictors: Gelman (2008), Scaling regression inputs by dividing by
two standard deviations, doi:10.1002/sim.3107. Limit ours, measured on simulated tables of 100 rows and two
independent predictors, by `linear` and by a regression that does not centre its predictors, 4 chains of 1000
draws after as many of warm-up. Leapfrog steps per draw are 5 to 6 at ratios of 1, 10 and 30, 11 at 100, 25 to
29 at 300 and about 92 at 1000; the least bulk ESS of a coefficient is 0.8 (30), 0.6 (100) and 0.5 (300 and
1000) times that at 1. Above 100 a step is thus worth less than a third of what it could be."""

MEAN_DISTANCE_LIMIT = 20.0
"""Largest acceptable distance of a predictor's mean from zero [SD]. Ours: above it, slope and intercept are
correlated by more than 0.998."""

CONDITION_NUMBER_LIMIT = 30.0
"""Largest acceptable condition number of standardized columns: Belsley, Kuh and Welsch (1980), Regression
Diagnostics, section 3.2."""

UNEXPLAINED_VARIANCE_LIMIT = 1e-10
"""Share of a column's variance, not explained by other columns, up to which it is a linear function of them.
Ours: rounding leaves less."""

FEWEST_PREDICTOR_VALUES = 3
"""Different values from which a column counts as a numeric predictor. Ours: two make an indicator, which is
on the right scale already."""

INDICATOR_LIMIT = 20
"""Most indicators that a column of text becomes without being asked to. Ours: many levels are better modelled
as groups that share a distribution, Gelman and Hill (2007), Data analysis using regression and
multilevel/hierarchical models, section 12."""

FEWEST_PREDICTOR_ROWS = 3
"""Rows from which scales and collinearity of predictors are examined. Ours."""

# --- Fits to many groups ----------------------------------------------------------------------------------

FEWEST_COMPARED_GROUPS = 10
"""Groups from which an estimate is compared with those of the others. Ours: the median absolute deviation of
fewer is too uncertain."""

LEARNED_SHARE_LIMIT = 0.05
"""Share of a posterior's precision that comes from the rows of a group, from which the group counts for a
prior that all groups share. Ours: below it, the difference of two precisions is mostly Monte Carlo error, as
the SD of 4000 draws has an error of 1 % and its square of 2 %."""

FAMILY_ERROR_LIMIT = 0.05
"""Largest probability that any group is said to have an outlying estimate of a quantity where groups are
normal: the usual level of a test, shared among groups by Bonferroni's inequality."""

# --- Printing ---------------------------------------------------------------------------------------------

_MOST_DECIMALS = 17
"""Decimals after which a double has no more digits."""


def format_beside_limit(value: float, limit: float, decimals: int) -> tuple[str, str]:
    """Return a number and its limit as text, with enough decimals to show which is larger.

    Parameters
    ----------
    value, limit
        The number and its limit.
    decimals
        Decimals to use where they suffice, or where both are the same number.

    >>> format_beside_limit(1.25, 1.01, 3)
    ('1.250', '1.010')
    >>> format_beside_limit(1.01004, 1.01, 3)
    ('1.01004', '1.01000')
    """
    for digits in range(decimals, _MOST_DECIMALS):
        texts = f"{value:.{digits}f}", f"{limit:.{digits}f}"
        if texts[0] != texts[1]:
            return texts
    return f"{value:.{decimals}f}", f"{limit:.{decimals}f}"


# --- Large data -------------------------------------------------------------------------------------------

FEWEST_SHARED_ROWS = 10_000
"""Rows from which several threads in a chain share them out. Ours, measured on two cores: with 10,000 rows a
density as fast as the normal GLM takes as long on two threads as on one, and slower densities half as long;
with fewer rows, handing out the work costs more than it saves."""

BYTES_PER_DRAWN_NUMBER = 24
"""Memory that a number of a run takes while it is made [bytes]: in the table, in a variable's own array, and
once in passing. Ours."""

BYTES_PER_NAME = 60
"""Memory that the name of a number takes at least, such as `theta[1]` in Python [bytes]. Ours."""

LEAST_BYTES_PER_CHARACTER = 0.4
"""Memory that a table of text takes for each of its characters at least: a number of 8 bytes is written with
20 characters at most, the one after it included. Ours."""

LEAST_DATA_COPIES = 2
"""How often a process of Stan holds the data at least: as it read them, and as the variables of the program.
Ours; three times was measured for a regression, whose design matrix is a third copy."""

MOST_POINTWISE = 40_000_000
"""Numbers that log densities and replicates of single rows hold at most, over all draws: 320 MB in memory.
Of many rows fewer draws are stored; where they would be fewer than `FEWEST_LOO_DRAWS`, none is computed.
Ours."""

# --- Monitoring -------------------------------------------------------------------------------------------

MONITOR_RUN_LENGTH = 1000.0
"""Batches to a false alarm, in expectation, at least: an alarm when a detector reaches this number (Shin,
Ramdas and Rinaldo, 2024, doi:10.51387/23-NEJSDS51, for e-detectors). Ours: a daily batch has one in three
years."""

DRIFT_P_VALUE_LIMIT = 0.01
"""P-value below which something has drifted, once divided among all that was looked at. Ours: an alarm has
been raised before anybody looks."""

FEWEST_DRIFT_ROWS = 5
"""Rows from which on a group, or what is left without one, is judged by itself. Ours."""

# --- Maximum likelihood -----------------------------------------------------------------------------------

FEWEST_CLUSTERS = 30
"""Clusters below which clustered standard errors are warned of: Cameron, Gelbach and Miller (2008),
Bootstrap-based improvements for inference with clustered errors, doi:10.1162/rest.90.3.414: tests reject too
often with 5 to 30."""

ROUGH_SCORE_LIMIT = 2e-3
"""Relative difference of scores over two step sizes above which the log likelihood of rows is not smooth.
Ours: smooth ones differ by less than 1e-5."""

SAME_LIKELIHOOD_LIMIT = 1e-6
"""Relative difference of two log likelihoods up to which they are one. Ours: sums of a million rows agree to
about 1e-10."""

FAILED_RESAMPLES_LIMIT = 0.05
"""Share of resamples without a maximum above which a bootstrap is not relied on. Ours: with more, the ends
of a 95% interval could lie among those that failed."""

FEWEST_RESAMPLES = 50
"""Resamples of which a standard error is computed: Efron and Tibshirani (1993), An Introduction to the
Bootstrap, section 6.4."""

FEWEST_RESAMPLES_INTERVAL = 1000
"""Resamples below which ends of bootstrap intervals are said to be rough: Efron and Tibshirani (1993),
section 14.3."""

RESAMPLE_ERROR_LIMIT = 30.0
"""Ratio of the standard error at a resample's maximum to that of the fit above which it is no maximum. Ours:
rows drawn again vary curvatures by factors near 1."""

FEWEST_ROWS_PER_PARAMETER = 10
"""Observations for each parameter below which distributions in large samples are doubted: Peduzzi et al.
(1996), doi:10.1016/S0895-4356(96)00236-3, for events of logistic regressions."""

TESTS_DISAGREE_LIMIT = 1.5
"""Ratio of the largest to the smallest of three statistics above which they disagree. Ours: for 100
observations of a logistic regression they differ by a tenth."""

ZERO_INFORMATION_LIMIT = 1e-6
"""Sum of squared scores along a direction of unit curvature below which rows have no score along it. Ours: a
robust standard error would be a thousandth of that by the model, which is rounding."""

ZERO_SCORE_LIMIT = 2e-4
"""Largest score of a row, relative to the largest curvature of one over a standard error, below which all
are 0. Ours: where scores are not 0, they are larger than curvatures, about as the root of the rows."""

ZERO_CURVATURE_LIMIT = 2e-3
"""Curvature of a row, relative to the largest, above which it is not 0. Ours: differences leave 1e-6."""

PRIOR_CURVATURE_CAUTION_LIMIT = 0.1
"""Share of the priors in the curvature of a posterior along a direction above which standard errors from rows
are cautioned of: they are too short by 1 - sqrt(1 - share), here a twentieth. Ours."""

PRIOR_CURVATURE_LIMIT = 0.4
"""The share above which they are refused: the priors say two thirds of what the rows do, and intervals would
be too short by 1 - sqrt(1 - share), here more than a fifth. Ours."""

FEWEST_CURVED_ROWS = 2
"""Rows that must curve along a direction without scores: one alone, such as a group's only row, may be fitted
exactly. Ours."""

BOOTSTRAP_RATIO_LIMIT = 1.5
"""Ratio of the bootstrap's and another standard error, either way, above which they disagree. Ours: with 50
resamples a bootstrap is off by a tenth, with large samples the two are one."""
