"""MLflow without a server, and runs without Stan."""

import pytest

from tests.registry.conftest import registry, runs  # noqa: F401 - fixtures
from tests.tracking.fake_mlflow import install


@pytest.fixture
def mlflow(monkeypatch):
    """A server in memory, in the place of MLflow."""
    return install(monkeypatch)


collect_ignore = ["read_back.py"]
"""What only a Python with MLflow imports."""
