"""Bound arrays equal those written by hand, for many programs and tables."""

import numpy as np
import pytest

from tests.binding.cases import CASES
from workbench import binding


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_bound_values_equal_those_written_by_hand(case, program_from, table_from):
    bound = binding.bind(program_from(case.program), table_from(case.table), case.options)
    assert list(bound.values) == [variable.name for variable in bound.variables]
    assert set(bound.values) == set(case.expected)
    for name, expected in case.expected.items():
        value = bound.values[name]
        assert np.shape(value) == np.shape(expected), name
        np.testing.assert_allclose(value, expected, rtol=1e-12, err_msg=name)
    for size, names in case.labels.items():
        assert bound.labels.get(size) == names
    for name, levels in case.levels.items():
        assert bound.levels[name] == levels
    declared = {declaration.name: declaration for declaration in program_from(case.program).data}
    for name, value in bound.values.items():
        kind = "i" if declared[name].is_integer else "f"
        assert np.asarray(value).dtype.kind == kind or np.ndim(value) == 0, name
