"""Names for the indices of sizes."""

from tests.binding.refusals import program_text
from workbench import binding
from workbench.binding import BindingOptions


def test_a_size_that_two_matrices_name_differently_has_no_names(program_from, table_from):
    program = program_from(program_text("int N; int K; matrix[N, K] X; matrix[N, K] Z;"))
    options = BindingOptions(columns={"X": ("a",), "Z": ("b",)})
    assert "K" not in binding.bind(program, table_from("a,b\n1,2\n"), options).labels


def test_columns_and_a_text_column_are_names(program_from, table_from):
    program = program_from(program_text("int N; int K; matrix[N, K] X;"))
    labels = binding.bind(program, table_from("id,age,income\na,1,10\nb,2,20\n")).labels
    assert labels == {"K": ("age", "income"), "N": ("a", "b")}
