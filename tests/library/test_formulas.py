"""The formulas on the pages of the bundled models are those of their programs."""

import json
import re

import pytest

from tests.library.formulas import RECORD, format_record, make_rows
from workbench import library
from workbench.library.catalogue import BundledModel

WRITTEN = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.is_file() else {}


def formulas_of(name, *roles):
    return [row["formula"] for row in WRITTEN[name] if row["role"] in (roles or (row["role"],))]


@pytest.mark.parametrize("model", library.list_models(), ids=lambda model: model.name)
def test_formulas_are_those_of_the_program(model, tools):
    assert WRITTEN[model.name] == make_rows(model, tools), "`python -m tests.library.formulas` writes them"


def test_the_record_is_written_as_it_is_read():
    assert RECORD.read_text(encoding="utf-8") == format_record(WRITTEN)
    assert set(WRITTEN) == set(library.list_names())


@pytest.mark.parametrize(
    ("name", "textbook"),
    [
        ("eight_schools", [  # Gelman et al. (2013), section 5.5, non-centred
            r"y_{j} \sim \text{Normal}(\theta_{j}, \sigma_{j})",
            r"\theta_{j} = \mu + \tau \, \theta_{\text{raw},j}",
            r"\theta_{\text{raw},j} \sim \text{Normal}(0, 1)",
            r"\mu \sim \text{Normal}(0, 5)",
            r"\tau \sim \text{Cauchy}(0, 5),\quad \tau \ge 0",
        ]),
        ("normal_inverse_gamma", [  # the conjugate prior: a variance, and a mean of that precision
            r"y_{n} \sim \text{Normal}(\mu, \sigma)",
            r"\sigma^2 \sim \text{InvGamma}(1, 500)",
            r"\mu \sim \text{Normal}(0, \sigma / \sqrt{0.1})",
        ]),
        ("dirichlet_multinomial", [
            r"y \sim \text{Multinomial}(\theta)",
            r"\theta \sim \text{Dirichlet}(\mathbf{1})",
        ]),
    ],
)  # fmt: skip
def test_known_models_read_as_a_textbook_prints_them(name, textbook):
    assert formulas_of(name) == textbook


def test_summands_of_the_log_density_are_factors():
    zero, other = formulas_of("zero_inflated_poisson", "likelihood")
    rate = r"\exp(\text{log rate}_{n})"
    assert zero.startswith(rf"p_{{n}} = \theta + (1 - \theta)\, \text{{Poisson}}(0 \mid {rate})")
    assert zero.endswith(r"\text{if } y_{n} = 0")
    assert other.startswith(rf"p_{{n}} = (1 - \theta)\, \text{{Poisson}}(y_{{n}} \mid {rate})")
    assert r"p_{n} = \Pr(\text{Exponential}(\text{rate}) > t_{n}),\quad \text{otherwise}" in formulas_of(
        "gamma_exponential"
    )


def test_what_a_type_states_stands_beside_its_prior():
    assert any(formula.endswith(r"\text{the sum is 0}") for formula in formulas_of("local_level", "prior"))
    assert any(r"n \ge 2" in formula for formula in formulas_of("local_level", "latent"))


@pytest.mark.parametrize("name", WRITTEN)
def test_every_formula_can_be_shown_in_a_table(name):
    math_core = pytest.importorskip("math_core", reason="the group `docs` has it")
    to_mathml = math_core.LatexToMathML().convert_with_local_state
    for formula in formulas_of(name):
        assert not re.search(r"[|$`]", formula)
        assert to_mathml(formula, displaystyle=False).startswith("<math>")


def test_a_program_that_changes_changes_its_formulas(tools, tmp_path):
    model = library.find("eight_schools")
    for path in (model.program, model.program.with_suffix(".toml")):
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(
            text.replace("cauchy(0,", "normal(0,").replace("default = 5.0", "default = 7.5")
        )
    changed = BundledModel(model.name, model.family, tmp_path / model.program.name, model.table)
    found = [row["formula"] for row in make_rows(changed, tools)]
    assert r"\tau \sim \text{Normal}(0, 7.5),\quad \tau \ge 0" in found


@pytest.mark.parametrize(
    "statement", ["y ~ normal(mu, 1) T[0, ];", "y ~ normal(fma(mu, y, y), 1);", "y ~ normal(mu ^ y, 1);"]
)
def test_what_has_no_rule_is_refused_instead_of_guessed(statement, tools, tmp_path):
    from tests.library.typesetting import NoRow

    program = tmp_path / "odd.stan"
    program.write_text(
        f"data {{ int N; vector[N] y; }} parameters {{ real mu; }} model {{ mu ~ normal(0, 1); {statement} }}"
    )
    program.with_suffix(".toml").write_text('title = "Odd"\n')
    with pytest.raises(NoRow):
        make_rows(BundledModel("odd", "regression", program, program), tools)
