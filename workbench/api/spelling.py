"""Options in errors as Python spells them: `columns={"y": "a"}` where the command line has `--column y=a`."""

from __future__ import annotations

import json
import re

from workbench.errors import WorkbenchError

MAPPINGS = {
    "column": "columns",
    "columns": "columns",
    "prior": "prior",
    "prior-form": "prior_form",
    "reference": "reference",
    "role": "role",
    "set": "set_",
}
"""Options of the command line that take `NAME=VALUE`, and what they are in Python: dicts."""

LISTS = frozenset({"decision", "vary"})
"""Options of the command line that may be repeated: lists of texts in Python."""

FLAGS = {
    "native": "native=True",
    "no-optimise": "optimise=False",
    "no-report": "report=False",
    "forget": "forget=True",
    "no-weights": "weights=False",
    "no-prior-predictive": "prior_predictive=False",
    "quiet": "progress=False",
    "retry": "retry=True",
    "save-warmup": "save_warmup=True",
    "share-prior": "share_prior=True",
    "standardize": "standardize=True",
}
"""Options of the command line without a value, and what they are in Python."""

WITH_VALUE = frozenset({
    "above", "adapt-delta", "alias", "bic-count", "by", "chains", "compiler", "design", "draws", "experiment",
    "figures", "horizon", "init", "jobs", "keep", "level", "max-treedepth", "method", "methods",
    "metric", "missing", "name", "new-groups", "output", "parameters", "points", "pointwise-draws",
    "priors", "profile", "refit", "rows", "sampler", "scale", "scenarios", "seed", "starts", "threads",
    "threshold", "timeout", "tracking", "toolchain", "warmup",
})  # fmt: skip
"""Options with one value, under the same name with underscores."""

_PAIR = re.compile(r"--(?P<name>[a-z-]+) (?P<value>'[^']*'|[^\s`'=]+=(?:\.\.\.|'[^']*'|[^\s`;]*[^\s`;,.:]))")
"""An option with `NAME=VALUE`."""

_VALUE = re.compile(
    r"--(?P<name>[a-z-]+) (?P<value>\d[\d.]*\b|\w+\.\w+|[A-Z]+\b|"
    r"(?:all|auto|average|dense|diag|draw|drop|embedded|laplace|latent|low_rank|map|mle|needed|nutpie|nuts|"
    r"pathfinder|prior|random|refuse|stan|zero)\b)"
)
"""An option with a number, a file, a placeholder or a word that is a value."""

_BARE = re.compile(r"--(?P<name>[a-z][a-z-]*[a-z])")
"""An option by itself."""


_PLACEHOLDERS = ("VALUE", "NUMBER", "FILE", "H", "...")
"""What stands for a value in a sentence."""


def spell_options(text: str) -> str:
    """Return a sentence with its options as Python spells them.

    >>> spell_options("choose with --columns X=age,income, or --set K=3")
    'choose with columns={"X": ["age", "income"]}, or set_={"K": 3}'
    >>> spell_options("`--prior beta.mu=0.97,-0.72` and --prior-form 'beta=student_t(3, 0, 2.5)'")
    '`prior={"beta.mu": [0.97, -0.72]}` and prior_form={"beta": "student_t(3, 0, 2.5)"}'
    >>> spell_options("--missing drop leaves them out; choose another folder with --output")
    'missing="drop" leaves them out; choose another folder with output'
    >>> spell_options("give --reference town='Foo / Bar'; or --columns X=a,ID.")
    'give reference={"town": "Foo / Bar"}; or columns={"X": ["a", "ID"]}.'
    >>> spell_options("--horizon H forecasts them, or --new-groups draw")
    'horizon=H forecasts them, or new_groups="draw"'
    >>> spell_options("raise --adapt-delta 0.95, or use --standardize")
    'raise adapt_delta=0.95, or use standardize=True'
    """
    for pattern in (_PAIR, _VALUE, _BARE):
        text = pattern.sub(_spell_match, text)
    return text


def respell(error: WorkbenchError) -> None:
    """Change an error so that its message and its hint name options as Python spells them."""
    error.message = spell_options(error.message)
    error.args = (error.message,)
    if error.hint is not None:
        written = f"hint: {error.hint}"
        error.hint = spell_options(error.hint)
        notes = getattr(error, "__notes__", [])
        notes[:] = [f"hint: {error.hint}" if note == written else note for note in notes]


def _spell_match(match: re.Match[str]) -> str:
    """Return an option as Python has it; what is not an option here stays."""
    option, value = match["name"], match.groupdict().get("value", "").strip("'")
    name = MAPPINGS.get(option, "method" if option == "methods" else option.replace("-", "_"))
    if option in MAPPINGS and "=" in value:
        key, _, assigned = value.replace("'", "").partition("=")
        return f'{name}={{"{key}": {_spell_value(assigned, option)}}}'
    if option in LISTS and value:
        return f'{name}=["{value}"]'
    if option in WITH_VALUE and value:
        return f"{name}={_spell_value(value, option)}"
    if value:
        return match[0]
    if option in FLAGS:
        return FLAGS[option]
    return name if option in MAPPINGS or option in LISTS or option in WITH_VALUE else match[0]


def _spell_value(value: str, option: str) -> str:
    """Return a value as Python has it: numbers as they are, several as a list, other texts in quotes."""
    if option in ("prior-form", "role", "reference"):
        return json.dumps(value, ensure_ascii=False)
    if value.startswith(("[", "{")):
        return value
    pieces = [_spell_single(piece) for piece in value.split(",")]
    return pieces[0] if len(pieces) == 1 else f"[{', '.join(pieces)}]"


def _spell_single(text: str) -> str:
    """Return one value: a number or a placeholder such as `VALUE` as it is, another text in quotes."""
    is_number = re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text) is not None
    return text if is_number or text in _PLACEHOLDERS else json.dumps(text, ensure_ascii=False)
