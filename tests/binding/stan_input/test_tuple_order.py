"""Arrays of tuples in the order in which Stan reads them."""

from tests.binding.refusals import PAIRS, pair, program_text
from workbench.binding import order_tuples


def test_arrays_with_two_dimensions_are_reordered(program_from):
    rows = [[pair(11), pair(12), pair(13)], [pair(21), pair(22), pair(23)]]
    ordered = order_tuples({"N": 3, "d": rows}, program_from(program_text(PAIRS)).data)
    assert [[element["1"] for element in row] for row in ordered["d"]] == [[11, 21, 12], [22, 13, 23]]
    assert ordered["N"] == 3
