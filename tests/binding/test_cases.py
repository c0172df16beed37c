"""The bound arrays equal those written by hand, over a table of programs and files."""

import numpy as np
import pytest

from tests.binding.cases import CASES
from workbench import binding


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_one_would_write_by_hand(case, program_from, table_from):
    bound = binding.bind(program_from(case.program), table_from(case.table), case.asked)
    assert list(bound.values) == [one.name for one in bound.variables]
    assert set(bound.values) == set(case.expected)
    for name, expected in case.expected.items():
        found = bound.values[name]
        assert np.shape(found) == np.shape(expected), name
        np.testing.assert_allclose(found, expected, rtol=1e-12, err_msg=name)
    for size, names in case.labels.items():
        assert bound.labels.get(size) == names
    for name, levels in case.levels.items():
        assert bound.levels[name] == levels
    declared = {one.name: one for one in program_from(case.program).data}
    for name, value in bound.values.items():
        kind = "i" if declared[name].is_integer else "f"
        assert np.asarray(value).dtype.kind == kind or np.ndim(value) == 0, name
