"""Data that do not suit a program, one case for each kind of message.

Tests assert the class of the error, the place that its message names, and its hint. The whole sentences are
in `messages.txt`, for people to read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workbench.binding import BindingOptions

VECTOR = "int N; vector[N] y;"
DESIGN = "int N; int K; matrix[N, K] X; vector[N] y;"
GROUPS = "int N; int J; array[N] int<lower=1, upper=J> g; vector[J] u;"
COUNTS = "int N; array[N] int<lower=0> y;"
BINARY = "int N; array[N] int<lower=0, upper=1> y;"
PAIRS = "int N; array[2, N] tuple(int<lower=0>, vector[2]) d;"
STAN_BLOCK = (
    "int N; vector[N] y; tuple(int, vector[2]) d; array[2] complex z; array[N, 0] int e; real<lower=0> s;"
)
STAN_VALUES = {"N": 2, "y": [1, 2], "d": {"1": 3, "2": [1, 2]}, "z": [[1, 2], [3, 4]], "e": [[], []], "s": 1}


def program_text(data: str) -> str:
    """Return a program with this data block; `J` is a size of a parameter, so that it counts groups."""
    sized = "vector[J] t;" if "int J" in data else ""
    return f"data {{ {data} }}\nparameters {{ real a; {sized} }}\nmodel {{ a ~ normal(0, 1); }}\n"


@dataclass(frozen=True)
class Refusal:
    """A binding that is refused.

    Attributes
    ----------
    name
        What does not suit.
    data
        The data block.
    values
        The table as CSV, or Stan's data by name.
    place
        What the message must name: variable, column, row, line.
    hint
        What the hint must contain; empty where it does not matter.
    options
        The user's choices.
    """

    name: str
    data: str
    values: str | dict[str, Any]
    place: tuple[str, ...]
    hint: str = ""
    options: BindingOptions = field(default_factory=BindingOptions)


def pair(number: int) -> dict[str, Any]:
    """Return a tuple as Stan's JSON has it."""
    return {"1": number, "2": [number, 0.5]}


def _choose(**columns: tuple[str, ...]) -> BindingOptions:
    return BindingOptions(columns=columns)


def _give(**given: Any) -> BindingOptions:
    return BindingOptions(given=given)


def _stan(**changed: Any) -> dict[str, Any]:
    return {**STAN_VALUES, **changed}


_CELLS = (
    Refusal("a cell is missing", VECTOR, "y\n1\n\n2\nNA\n", ("column `y`", "`table.csv`", "row 3"),
            "--missing drop"),
    Refusal("several cells are missing", VECTOR, "x,y\n1,2\n,NA\n1,NaN\n1,.\n", ("`y`", "row 2", "rows 3, 4"),
            "--missing drop"),
    Refusal("every row has a missing cell", VECTOR, "y\nNA\nNA\n", ("`table.csv`",), "--column",
            BindingOptions(missing="drop")),
    Refusal("a cell is infinite", VECTOR, "y\n1\ninf\n", ("column `y`", "`inf`", "row 2"), "correct"),
    Refusal("a cell is a text", VECTOR, "y\n1\n12x\n", ("column `y`", "`12x`", "row 2"), "correct"),
    Refusal("a column holds dates", VECTOR, "y\n2026-01-05\n2026-01-06\n",
            ("column `y`", "`2026-01-05`", "row 1"),
            "--column NAME=y:days"),
    Refusal("a column holds times", VECTOR, "y\n10:00:00\n", ("column `y`", "`10:00:00`", "row 1"), "y:days"),
    Refusal("a column is empty", VECTOR, "x,y\n1,\n2,\n", ("column `y`", "`table.csv`"), "one number"),
    Refusal("a date has an unknown unit", VECTOR, "t,x\n2026-01-05,1\n", ("`t:moons`", "days"),
            "write t:days",
            _choose(y=("t:moons",))),
    Refusal("a column holds no dates", VECTOR, "t,x\n2026-01-05,1\n", ("`x:days`", "column `x`"),
            "2026-11-21",
            _choose(y=("x:days",))),
)  # fmt: skip

_NAMES = (
    Refusal("no header", VECTOR, "1,2\n3,4\n", ("no column `a`", "`y`"), "header", _choose(y=("a",))),
    Refusal("no such column", VECTOR, "z\n1\n", ("`y`", "`vector[N]`", "line 1", "`table.csv`", "`z`"),
            "--column y="),
    Refusal("no such column named", DESIGN, "y,a\n1,2\n", ("no column `colour`", "`X`"), "",
            _choose(X=("a", "colour"))),
    Refusal("a misspelt column", VECTOR, "yy\n1\n", ("no column `y`",), "--column y=yy"),
    Refusal("two columns resemble the name", "int N; vector[N] iq;", "IQ,I.Q\n1,2\n",
            ("no column `iq`", "`IQ`, `I.Q`")),
    Refusal("a single number has no value", VECTOR + " real s;", "y\n1\n", ("`s`", "`real`", "line 1"),
            "--set s=VALUE"),
    Refusal("a single number has several", VECTOR + " real s;", "y,s\n1,2\n1,3\n", ("`s`", "row 1", "row 2"),
            "--set s=VALUE"),
    Refusal("no such variable", VECTOR, "y\n1\n", ("`z`", "`model.stan`", "`N`, `y`"), "", _give(z=1)),
    Refusal("no such reference column", BINARY, "y\na\nb\n", ("no column `z`", "--reference"), "",
            BindingOptions(reference={"z": "c"})),
    Refusal("a fixed number of values", VECTOR + " array[2] real y_init;", "y,humidity\n1,2\n2,3\n5,4\n",
            ("`y_init`", "line 1", "`humidity`"),
            "its 2 values with --set y_init='[VALUE, VALUE]'"),
    Refusal("a single number for an array of unknown size", VECTOR + " int M; vector[M] m;", "y\n1\n",
            ("`M`", "line 1"), "--set M=VALUE", _give(m=0.3)),
    Refusal("a column whose name has blanks", VECTOR.replace("y", "Town_Cit"), "Town / City,x\n1,a\n2,b\n",
            ("`Town_Cit`", "`Town / City`"), "--column Town_Cit='Town / City'"),
    Refusal("a column with many levels", DESIGN, "y,Home town\n" + "".join(f"{i},t{i}\n" for i in range(23)),
            ("`Home town`", "23 levels", "22 columns"), "--column X='Home town:indicators'",
            _choose(X=("Home town",))),
    Refusal("a level that does not occur", DESIGN, "y,town\n1,Rome\n2,Oslo\n",
            ("`Paris`", "`Oslo`, `Rome`"), "",
            _choose(X=("town=Paris",))),
    Refusal("several indicators for a vector", VECTOR, "town\nRome\nOslo\n", ("`town:indicators`", "line 1"),
            "--column y=town=LEVEL", _choose(y=("town:indicators",))),
    Refusal("two matrices without columns", DESIGN + " matrix[N, K] Z;", "y,a\n1,2\n", ("`X`, `Z`", "`a`"),
            "--columns X=... --columns Z=..."),
)  # fmt: skip

_TYPES = (
    Refusal("two columns for a vector", VECTOR, "a,b\n3,4\n", ("`y`", "line 1", "columns `a`, `b`"),
            "--set y=",
            _choose(y=("a", "b"))),
    Refusal("an array with three dimensions", VECTOR + " array[N, 2, 2] real z;", "y,z\n1,2\n",
            ("`z`", "column `z`"),
            "Stan JSON file"),
    Refusal("a tuple", VECTOR + " tuple(int, real) z;", "y,z\n1,2\n", ("`z`", "column `z`"),
            "Stan JSON file"),
    Refusal("a complex number", VECTOR + " complex z;", "y,z\n1,2\n", ("`z`", "column `z`"),
            "Stan JSON file"),
    Refusal("too few rows", VECTOR, "y\n1\n2\n", ("`y`", "line 1", "size must be 3", "column `y`", "size 2"),
            "--set",
            _give(N=3)),
    Refusal("too few columns", "int N; matrix[N, 3] X; vector[N] y;", "y,a,b\n1,2,3\n",
            ("`X`", "1 x 3", "1 x 2"),
            "name 3 columns with --columns X=..."),
    Refusal("a ragged matrix", VECTOR + " matrix[2, 2] z;", "y\n1\n", ("`z`", "element 2 has 1 number"),
            "rectangular",
            _give(z=[[1, 2], [3]])),
    Refusal("a ragged array", VECTOR + " array[2, 1, 2] real z;", "y\n1\n",
            ("`z`", "element 2 has 2 numbers"),
            "rectangular", _give(z=[[[1, 2]], [[3, 4], [5, 6]]])),
    Refusal("a text is given", VECTOR + " real z;", "y\n1\n", ("`z`", "`real`", "`many`"), "--set z=NUMBER",
            _give(z="many")),
    Refusal("NaN is given", VECTOR + " real z;", "y\n1\n", ("`z`", "`nan`"), "--set z=NUMBER",
            _give(z=float("nan"))),
    Refusal("a long text is given", VECTOR + " vector[2] z;", "y\n1\n", ("`z`", "..."), "",
            _give(z="many " * 20)),
    Refusal("a fraction is given", VECTOR + " int k;", "y\n1\n", ("`k`", "`int`", "`1.5`"), "--set k=NUMBER",
            _give(k=1.5)),
    Refusal("a large integer is given", VECTOR + " int k;", "y\n1\n", ("`k`", "`int`", "3000000000"),
            "2147483647",
            _give(k=3000000000.0)),
    Refusal("an element given is below its bound", VECTOR + " vector<lower=0>[2] z;", "y\n1\n",
            ("`z[2]`", "line 1", "-1"), "lower bound is 0", _give(z=[1, -1])),
)  # fmt: skip

_INTEGERS_AND_BOUNDS = (
    Refusal("a fraction", COUNTS, "y\n1\n2.5\n",
            ("column `y`", "2.5", "row 2", "`array[N] int<lower=0>`", "line 1"),
            "whole numbers"),
    Refusal("texts for counts", COUNTS, "y\n1\nfew\nmany\n", ("column `y`", "`few`", "row 2"), "correct"),
    Refusal("below a bound", COUNTS, "y\n1\n-2\n-3\n", ("column `y`", "-2", "row 2", "1 more"),
            "lower bound is 0"),
    Refusal("above a bound", GROUPS, "g,u\n1,1\n5,2\n", ("column `g`", "5", "row 2"), "upper bound is 4",
            _give(J=4)),
    Refusal("three levels for 0 and 1", BINARY, "y\na\nb\nc\n",
            ("column `y`", "`a`, `b`, `c`", "line 1", "only 2"),
            "merge levels"),
    Refusal("no such reference level", BINARY, "y\na\nb\n", ("`c`", "column `y`", "`a`, `b`"),
            "--reference y=a",
            BindingOptions(reference={"y": "c"})),
)  # fmt: skip

_LEVELS_AND_GROUPS = (
    Refusal("a single level", DESIGN, "y,a\n1,x\n2,x\n", ("column `a`", "`x`"), "leave the column out",
            _choose(X=("a",))),
    Refusal("a level is missing", DESIGN, "y,a\n1,x\n2,\n", ("column `a`", "row 2"), "--missing drop",
            _choose(X=("a",))),
    Refusal("a group is missing", GROUPS, "g,u\na,1\n,2\n", ("column `g`", "row 2"), "--missing drop"),
    Refusal("a value varies within its group", GROUPS, "g,u\na,1\nb,2\na,3\n",
            ("`u`", "line 1", "`g`", "1 at row 1", "3 at row 3", "`a`"), "constant within each group"),
    Refusal("a group has no rows", GROUPS, "g,u\n1,1\n2,2\n4,3\n",
            ("`table.csv`", "3 in column `g`", "`u`", "line 1"),
            "without gaps"),
    Refusal("more groups than given", GROUPS, "g,u\na,1\nb,2\nc,3\n",
            ("column `g`", "3 levels", "line 1", "only 2"),
            "merge levels", _give(J=2)),
    Refusal("a group is a fraction", GROUPS, "g,u\n1,1\n2.5,2\n", ("column `g`", "2.5", "row 2"),
            "whole numbers"),
    Refusal("a text among numbered groups", GROUPS, "g,u\n1,1\n2,2\n3,3\n4b,4\n",
            ("column `g`", "`4b`", "row 4"),
            "correct"),
)  # fmt: skip

_SPECIAL = tuple(
    Refusal(f"violates {declared[:-3]}", f"{VECTOR} {declared}", "y\n1\n",
            ("`p`", f"`{declared[:-3]}`", place), "",
            _give(p=value))
    for declared, value, place in (
        ("simplex[2] p;", [0.5, 0.6], "1.1"),
        ("simplex[3] p;", [-0.5, 0.5, 1], "-0.5"),
        ("sum_to_zero_vector[2] p;", [1, 2], "3"),
        ("unit_vector[2] p;", [1, 1], "1.414213562"),
        ("ordered[2] p;", [2, 1], "increasing order"),
        ("positive_ordered[2] p;", [-1, 1], "first element"),
        ("cov_matrix[2] p;", [[1, 2], [2, 1]], "positive definite"),
        ("corr_matrix[2] p;", [[1, 0.1], [0.2, 1]], "symmetric"),
        ("corr_matrix[1] p;", [[2]], "diagonal"),
        ("cholesky_factor_cov[2] p;", [[1, 1], [0, 1]], "lower triangular"),
        ("cholesky_factor_corr[2] p;", [[1, 0], [1, 1]], "rows"),
    )
)  # fmt: skip

_STAN_DATA = (
    Refusal("Stan data: no value", STAN_BLOCK,
            {name: value for name, value in STAN_VALUES.items() if name != "y"},
            ("`y`", "`data`", "`N`, `d`, `z`, `e`, `s`"), "--set y=VALUE"),
    Refusal("Stan data: too long", STAN_BLOCK, _stan(y=[1, 2, 3]), ("`y`", "must be 2", "`data`", "size 3")),
    Refusal("Stan data: below a bound", STAN_BLOCK, _stan(s=-1), ("`s`", "`real<lower=0>`", "-1", "`data`"),
            "lower bound is 0"),
    Refusal("Stan data: a fraction", STAN_BLOCK, _stan(N=2.5), ("`N`", "`int`", "`2.5`")),
    Refusal("Stan data: not a tuple", STAN_BLOCK, _stan(d=[3]), ("`d`", "`tuple(int, vector[2])`"),
            '{"1": ...'),
    Refusal("Stan data: a member is a fraction", STAN_BLOCK, _stan(d={"1": 2.5, "2": [1, 2]}),
            ("`d.1`", "`int`", "`2.5`")),
    Refusal("Stan data: a member is too short", STAN_BLOCK, _stan(d={"1": 3, "2": [1]}),
            ("`d.2`", "must be 2", "`data`", "size 1")),
    Refusal("Stan data: ragged", STAN_BLOCK, _stan(y=[1, [2]]), ("`y`", "element 2 has 1 number"),
            "rectangular"),
    Refusal("Stan data: columns named", STAN_BLOCK, _stan(), ("--column", "`data`"), "leave --column out",
            _choose(y=("y",))),
    Refusal("Stan data: reference named", STAN_BLOCK, _stan(), ("--reference", "`data`"),
            "leave --reference out",
            BindingOptions(reference={"y": "y"})),
    Refusal("tuples: too few rows", PAIRS, {"N": 2, "d": [[pair(1)], [pair(2)]]},
            ("`d`", "`array[2, N] tuple(int<lower=0>, vector[2])`", "2 x 1")),
    Refusal("tuples: ragged", PAIRS, {"N": 2, "d": [[pair(1), pair(1)], [pair(2)]]}, ("`d`", "2 x ?")),
    Refusal("tuples: a member is missing", PAIRS, {"N": 2, "d": [[pair(1), {"1": 2}], [pair(2), pair(3)]]},
            ("`d`",),
            '{"1": ...'),
    Refusal("tuples: one dimension too few", PAIRS, {"N": 2, "d": [pair(1), pair(2)]}, ("`d`",), '{"1": ...'),
    Refusal("tuples: below a bound", PAIRS, {"N": 2, "d": [[pair(1), pair(1)], [pair(2), pair(-2)]]},
            ("`d.1`", "-2"), "lower bound is 0"),
)  # fmt: skip

REFUSALS = (
    *_CELLS,
    *_NAMES,
    *_TYPES,
    *_INTEGERS_AND_BOUNDS,
    *_LEVELS_AND_GROUPS,
    *_SPECIAL,
    *_STAN_DATA,
)
"""All of them."""
