"""Expressions and distributions of Stan as LaTeX.

An expression stands either whole, as Stan computes it, or for one row: `theta` is then `\\theta_j`, and
`Z * beta` the product of a row of Z with beta. What has no rule for one row raises `NoRow`, so that nothing
is shown of which this file does not know what it means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t

GREEK = frozenset(
    [
        *(
            "alpha",
            "beta",
            "gamma",
            "delta",
            "epsilon",
            "zeta",
            "eta",
            "theta",
            "kappa",
            "lambda",
            "mu",
            "nu",
        ),
        *(
            "xi",
            "rho",
            "sigma",
            "tau",
            "phi",
            "chi",
            "psi",
            "omega",
            "Sigma",
            "Omega",
            "Theta",
            "Lambda",
            "Phi",
        ),
    ]
)
"""Names that are letters."""

LINKS = {
    "bernoulli_logit": ("Bernoulli", r"\operatorname{logit}^{-1}"),
    "binomial_logit": ("Binomial", r"\operatorname{logit}^{-1}"),
    "poisson_log": ("Poisson", r"\exp"),
    "normal_id_glm": ("Normal", ""),
    "bernoulli_logit_glm": ("Bernoulli", r"\operatorname{logit}^{-1}"),
    "poisson_log_glm": ("Poisson", r"\exp"),
    "neg_binomial_2_log_glm": ("NegBinomial2", r"\exp"),
}
"""Distributions with an argument on another scale, or a linear predictor: the plain one, and its function."""

MULTIVARIATE = frozenset(
    [
        *("dirichlet", "multinomial", "multi_normal", "multi_normal_prec", "multi_normal_cholesky"),
        *("inv_wishart", "lkj_corr_cholesky"),
    ]
)
"""Distributions of a whole vector or matrix."""

ROWWISE = frozenset(["log", "log1m", "exp", "inv_logit", "Phi", "sqrt", "square", "inv_square"])
"""Functions that act on each element."""


class NoRow(Exception):
    """There is no rule for one row of an expression."""


@dataclass(frozen=True)
class Typesetter:
    """Writes the expressions of a program as LaTeX.

    Attributes
    ----------
    axes
        The size of each axis of each declared variable.
    values
        Hyperparameters, and what stands in their place.
    squares
        Variables whose square root has a name: what is `sigma2` in the program is `\\sigma^2`.
    """

    axes: Mapping[str, tuple[n.Expr, ...]]
    values: Mapping[str, str]
    squares: frozenset[str] = frozenset()

    # --- names ---------------------------------------------------------------------------------------

    def name(self, name: str, *indices: str) -> str:
        """Return a variable with its indices."""
        if name in self.values:
            return self.values[name]
        power = "^2" if name in self.squares else ""
        base, *parts = (name[:-1] if power else name).split("_")
        if base in GREEK:
            base = rf"\{base}"
        elif len(base) > 1:
            base, parts = rf"\text{{{' '.join([base, *parts])}}}", []
        texts = [part if len(part) == 1 else rf"\text{{{part}}}" for part in parts]
        below = ",".join([*texts, *indices])
        return base + (f"_{{{below}}}" if below else "") + power

    def list_axes(self, outcome: n.Expr, is_multivariate: bool = False) -> tuple[str, ...]:
        """Return the letters of the axes along which an outcome has an element each."""
        outcome = t.unwrap(outcome)
        if isinstance(outcome, n.Call) and outcome.name == "to_vector":
            return self.list_axes(outcome.arguments[0])
        if isinstance(outcome, n.Indexed):
            base = self.axes[_name_of(outcome.base)]
            given = list(outcome.indices)
            whole = [size for size, index in zip(base, given, strict=False) if _is_open(index)]
            sizes = (*whole, *base[len(given) :])
        else:
            sizes = self.axes[_name_of(outcome)]
        own = outcome.type.depth - (outcome.type.base == "int") if is_multivariate else len(sizes)
        return tuple(_letter(size) for size in sizes[:own])

    # --- expressions ---------------------------------------------------------------------------------

    def show(self, expression: n.Expr, row: Sequence[str] | None = None) -> str:
        """Return an expression whole, or what it is for one row, whose letters are given."""
        if row is not None and not expression.type.is_container:
            row = None
        match expression:
            case n.Promotion(inner=inner):
                return self.show(inner, row)
            case n.Paren(inner=inner):
                return f"({self.show(inner, row)})"
            case n.Numeral(text=text):
                return text.removesuffix(".0")
            case n.Variable(name=name):
                return self.name(name, *self._take_letters(expression, row))
            case n.Unary():
                return self._show_unary(expression, row)
            case n.Binary():
                return self._show_binary(expression, row)
            case n.Indexed():
                return self._show_indexed(expression, row)
            case n.Call():
                return self._show_call(expression, row)
        raise NoRow(str(expression))

    def _show_unary(self, node: n.Unary, row: Sequence[str] | None) -> str:
        if node.operator == "-":
            return f"-{self.show(node.operand, row)}"
        if node.operator == "'" and row is None:
            return rf"{self.show(node.operand)}^\top"
        raise NoRow(node.operator)

    def _take_letters(self, expression: n.Variable, row: Sequence[str] | None) -> tuple[str, ...]:
        if row is None:
            return ()
        count = len(self.axes[expression.name])
        if count > len(row):
            raise NoRow(expression.name)
        return tuple(row[:count])

    def _show_binary(self, node: n.Binary, row: Sequence[str] | None) -> str:
        left, right = t.unwrap(node.left), t.unwrap(node.right)
        is_product = node.operator == "*" and left.type.is_container and right.type.is_container
        if is_product and row is not None:
            if left.type.base != "matrix" or right.type.base != "vector" or len(row) != 1:
                raise NoRow(node.operator)
            return rf"{self._show_row(left, row)}\, {self.show(node.right)}"
        sides = [self.show(side, row) for side in (node.left, node.right)]
        return self._join(node.operator, *sides, is_whole=row is None and node.type.is_container)

    def _join(self, operator: str, left: str, right: str, *, is_whole: bool) -> str:
        right = f"({right})" if right.startswith("-") else right
        if operator in ("*", ".*"):
            sign = r"\odot" if operator == ".*" and is_whole else r"\cdot" if right[0].isdigit() else r"\,"
            return rf"{left} {sign} {right}"
        if operator in ("/", "./"):
            return f"{left} / {right}"
        if operator in ("+", "-"):
            return f"{left} {operator} {right}"
        if operator == "==":
            return f"{left} = {right}"
        raise NoRow(operator)

    def _show_row(self, matrix: n.Expr, row: Sequence[str]) -> str:
        if not isinstance(matrix, n.Variable):
            raise NoRow("a row of an expression")
        return self.name(matrix.name, *row)

    def _show_indexed(self, node: n.Indexed, row: Sequence[str] | None) -> str:
        if row is None and not isinstance(t.unwrap(node.base), n.Variable):
            return f"{self.show(node.base)}_{{{','.join(self._show_range(index) for index in node.indices)}}}"
        name, free = _name_of(node.base), list(row or ())
        shown = []
        for index in node.indices:
            if index.is_single and index.lower is not None and index.lower.type.is_container:
                shown.append(self.show(index.lower, free[:1] if row is not None else None))
                free = free[1:]
            elif index.is_single and index.lower is not None:
                shown.append(self.show(index.lower))
            elif row is not None and _is_open(index):
                if not free:
                    raise NoRow(name)
                shown.append(free.pop(0))
            elif row is None:
                shown.append(self._show_range(index))
            else:
                raise NoRow(name)
        rest = len(self.axes[name]) - len(node.indices)
        if row is not None:
            if rest > len(free):
                raise NoRow(name)
            shown += free[:rest]
        return self.name(name, *shown)

    def _show_range(self, index: n.SliceIndex) -> str:
        if _is_open(index):
            return r"\cdot"
        if index.lower is None or index.upper is None:
            raise NoRow("a range without an end")
        ends = [self.show(end) for end in (index.lower, index.upper)]
        return ends[0] if index.is_single else rf"{ends[0]}, \ldots, {ends[1]}"

    def _show_call(self, call: n.Call, row: Sequence[str] | None) -> str:
        if call.name == "to_vector" and row is not None:
            return self.show(call.arguments[0], row)
        if row is not None and call.name not in ROWWISE:
            raise NoRow(call.name)
        inner = [self.show(argument, row) for argument in call.arguments]
        first = inner[0] if inner else ""
        simple = {
            "log": rf"\log({first})",
            "log1m": rf"\log(1 - {first})",
            "exp": rf"\exp({first})",
            "inv_logit": rf"\operatorname{{logit}}^{{-1}}({first})",
            "Phi": rf"\Phi({first})",
            "sqrt": rf"\sqrt{{{first}}}",
            "square": f"{self._bracket(call, first)}^2",
            "inv_square": f"{self._bracket(call, first)}^{{-2}}",
            "rep_vector": {"0": r"\mathbf{0}", "1": r"\mathbf{1}"}.get(first, rf"{first}\, \mathbf{{1}}"),
            "zeros_vector": r"\mathbf{0}",
            "identity_matrix": r"\mathbf{I}",
            "append_row": f"({', '.join(inner)})",
            "append_col": f"({', '.join(inner)})",
            "crossprod": rf"{first}^\top {first}",
            "diag_pre_multiply": rf"\operatorname{{diag}}({first})\, {inner[-1]}",
            "cholesky_decompose": rf"\operatorname{{chol}}({first})",
            "add_diag": rf"{first} + {inner[-1]}\, \mathbf{{I}}",
        }
        if call.name == "gp_exp_quad_cov" and call.arguments[0].type.base == "real":
            point, width, scale = inner
            return rf"[{width}^2 \exp(-({point}_i - {point}_j)^2 / (2 {scale}^2))]_{{i,j}}"
        if call.name in simple:
            return simple[call.name]
        return rf"\text{{{call.name.replace('_', ' ')}}}({', '.join(inner)})"

    def _bracket(self, call: n.Call, text: str) -> str:
        is_atom = isinstance(t.unwrap(call.arguments[0]), n.Variable) and "_" not in text and "^" not in text
        return text if is_atom else f"({text})"

    # --- distributions -------------------------------------------------------------------------------

    def show_distribution(self, name: str, arguments: Sequence[n.Expr], row: Sequence[str]) -> str:
        """Return a distribution with its arguments, for one row."""
        if name in MULTIVARIATE:
            return self._show_multivariate(name, [self.show(argument) for argument in arguments])
        if name == "std_normal":
            return r"\text{Normal}(0, 1)"
        if name == "ordered_logistic_glm":
            predictor = self._show_predictor(arguments[0], None, arguments[1], row)
            return rf"\text{{OrderedLogistic}}({predictor}, {self.show(arguments[2])})"
        if name == "categorical_logit_glm":
            predictor = self._show_predictor(arguments[0], None, arguments[2], row)
            return rf"\text{{Categorical}}(\text{{softmax}}({self.show(arguments[1])} + {predictor}))"
        plain, link = LINKS.get(name, (_spell(name), ""))
        if name.endswith("_glm"):
            predictor = self._show_predictor(arguments[0], arguments[1], arguments[2], row)
            shown = [predictor, *(self.show(argument, row) for argument in arguments[3:])]
        else:
            shown = [self.show(argument, row) for argument in arguments]
        place = 1 if plain == "Binomial" else 0
        if link:
            shown[place] = f"{link}({shown[place]})"
        return rf"\text{{{plain}}}({', '.join(shown)})"

    def _show_multivariate(self, name: str, shown: list[str]) -> str:
        if name == "multi_normal_prec":
            shown[1], name = f"({shown[1]})^{{-1}}", "multi_normal"
        if name == "multi_normal_cholesky":
            shown[1], name = rf"{shown[1]} {shown[1]}^\top", "multi_normal"
        return rf"\text{{{_spell(name)}}}({', '.join(shown)})"

    def _show_predictor(
        self, matrix: n.Expr, intercept: n.Expr | None, slopes: n.Expr, row: Sequence[str]
    ) -> str:
        product = rf"{self._show_row(t.unwrap(matrix), row)}\, {self.show(slopes)}"
        return product if intercept is None else f"{self.show(intercept, row)} + {product}"

    def show_factor(self, value: n.Expr, row: Sequence[str]) -> str:
        """Return the exponential of a summand of the log density: products, mixtures, densities."""
        value = t.unwrap(value)
        match value:
            case n.Binary(left=left, operator="+", right=right):
                return rf"{self.show_factor(left, row)}\, {self.show_factor(right, row)}"
            case n.Call(name="log", arguments=(inner,)):
                return self.show(inner)
            case n.Call(name="log1m", arguments=(inner,)):
                return f"(1 - {self.show(inner)})"
            case n.Call(name="log_sum_exp", arguments=(first, second)):
                return f"{self.show_factor(first, row)} + {self.show_factor(second, row)}"
            case n.Call(name=name, arguments=(outcome, *arguments)):
                distribution, _, kind = name.rpartition("_")
                shown = self.show_distribution(distribution, arguments, row)
                if kind in ("lpdf", "lpmf"):
                    return shown.replace("(", rf"({self.show(outcome)} \mid ", 1)
                if kind == "lccdf":
                    return rf"\Pr({shown} > {self.show(outcome)})"
        raise NoRow(str(value))


def _name_of(expression: n.Expr) -> str:
    inner = t.unwrap(expression)
    if not isinstance(inner, n.Variable):
        raise NoRow(str(inner))
    return inner.name


def _is_open(index: n.SliceIndex) -> bool:
    return index.lower is None and index.upper is None


def _letter(size: n.Expr) -> str:
    """Return the index along an axis: n for one of size N or N - 1, k where the size is a number."""
    names = sorted(t.find_names(size))
    return names[0].lower() if names else "k"


def _spell(name: str) -> str:
    special = {"lognormal": "LogNormal", "lkj_corr_cholesky": "LKJCorrCholesky"}
    return special.get(name) or "".join(part.capitalize() for part in name.split("_"))
