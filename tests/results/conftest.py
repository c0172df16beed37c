"""A small fit to store and read back: that of the tests of estimation."""

from tests.estimation.conftest import fitted, program, request_for

__all__ = ["fitted", "program", "request_for"]
