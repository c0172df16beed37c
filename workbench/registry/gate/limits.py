"""What a gate demands, with the reason of each default; a TOML file may say otherwise."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from workbench.errors import RequestError

Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0, le=1000)]


LARGEST_FACTOR = 1000.0
"""The largest factor by which SDs of a carried prior grow: beyond, it says nothing. Ours."""


class GateLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limits of a gate.

    Attributes
    ----------
    program
        `same`: another program, or other columns, fail; `any`: they are only said.
    verdict
        `not worse`: not worse than that of the champion, and never `fail`; `ok`: nothing else.
    rows
        The least share of the champion's rows. Half: less is rather a broken feed than a shorter window.
    score
        `not worse`: the held-out log score is not clearly worse; `better`: it is clearly better.
    score_errors
        How many standard errors of the paired difference make it clear. Two: of challengers from samples as
        large as the champion's, one of twenty is refused. Half of them are a little worse by chance.
    fewest_rows
        The fewest held-out rows that are judged: with fewer, the standard error of a paired difference is
        itself a guess (Sivula et al. 2020, arXiv:2008.10296).
    calibration
        The p-value of uniform transforms, or of Spiegelhalter's z, below which predictions count as badly
        calibrated; they fail if the champion's are not as bad. One false refusal in a thousand.
    chance
        The probability that the largest move of a parameter passes its limit where nothing has changed but
        the sample. The limit is a normal quantile, by Bonferroni's inequality over the parameters.
    relative
        The largest move of a parameter without an SD, and the largest length of all of them together,
        relative to the champion's. A tenth: optima of the same data agree to many digits.
    prediction
        The largest mean move of a prediction, in the champion's predictive SDs. A quarter: a decision
        that follows from an interval of four SDs moves by a sixteenth of its width.
    moved
        The predictive SDs from which the prediction of a row counts as moved, and `moved_share` the largest
        share of such rows.
    accept_priors
        The priors whose change is acknowledged.
    """

    program: Literal["same", "any"] = "same"
    verdict: Literal["not worse", "ok"] = "not worse"
    rows: Share = 0.5
    score: Literal["not worse", "better"] = "not worse"
    score_errors: Positive = 2.0
    fewest_rows: Annotated[int, Meta(ge=2)] = 20
    calibration: Share = 0.001
    chance: Annotated[float, Meta(gt=0, lt=1)] = 0.01
    relative: Positive = 0.1
    prediction: Positive = 0.25
    moved: Positive = 1.0
    moved_share: Share = 0.05
    accept_priors: tuple[str, ...] = ()


def read_limits(path: Path | None, accepted: tuple[str, ...] = ()) -> GateLimits:
    """Return the limits of a TOML file, or the defaults.

    Parameters
    ----------
    path
        The file; `None` for the defaults.
    accepted
        Further priors whose change is acknowledged.

    Raises
    ------
    RequestError
        The file cannot be read, or names what is no limit.
    """
    limits = GateLimits()
    if path is not None:
        try:
            limits = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), GateLimits)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as reason:
            why = reason.strerror if isinstance(reason, OSError) else str(reason)
            message = f"limits of a gate were expected in `{path}`: {why}."
            raise RequestError(
                message, hint="check the path; a line is such as `score_errors = 2.0`"
            ) from reason
        except msgspec.ValidationError as reason:
            known = ", ".join(GateLimits.__struct_fields__)
            hint = (
                f'the limits are {known}; program is "same" or "any", verdict "not worse" or "ok", '
                'score "not worse" or "better"'
            )
            raise RequestError(f"`{path}`: {reason}.", hint=hint) from reason
    return msgspec.structs.replace(limits, accept_priors=(*limits.accept_priors, *accepted))
