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


def test_measurements_written_as_text_are_no_names(program_from, table_from):
    program = program_from(program_text("int N; vector[N] y;"))
    table = table_from("y,humidity,site\n1,45.3 %RH,a\n2,48.1 %RH,b\n3,51 ± 2,c\n")
    assert binding.bind(program, table).labels == {"N": ("a", "b", "c")}
    assert "N" not in binding.bind(program, table_from("y,humidity\n1,45.3 %RH\n2,51 ± 2\n")).labels


def test_new_rows_are_named_by_the_column_that_named_those_of_the_fit(program_from, table_from):
    program = program_from(program_text("int N; vector[N] y;"))

    def rebind(old, new):
        return binding.rebind(binding.bind(program, table_from(old)).rules, program, table_from(new)).labels

    named = "y,weather,site\n1,dry,a\n2,dry,b\n"
    assert rebind(named, "weather,site,y\ndry,u,1\nwet,u,2\n") == {"N": ("u", "u")}
    assert rebind(named, "weather,y\ndry,1\nwet,2\n") == {}  # the texts differ by chance
    assert rebind("y,weather\n1,dry\n2,dry\n", "weather,y\ndry,1\nwet,2\n") == {}
