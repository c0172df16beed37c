"""MLflow without a server: what is asked of it is kept in memory, and any question can be made to fail."""

import sys
import types
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import SimpleNamespace
from typing import Any


class MlflowException(Exception):
    """As MLflow's own, with the code of the error."""

    def __init__(self, message, error_code="INTERNAL_ERROR"):
        super().__init__(f"{error_code}: {message}")
        self.error_code = error_code


@dataclass
class Run:
    name: str
    experiment: str
    tags: dict[str, str]
    status: str = "RUNNING"
    parameters: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass
class FakeMlflow:
    """A server in memory; `failures` are errors of its client's methods, by name."""

    experiments: dict[str, Any] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    runs: dict[str, Any] = field(default_factory=dict)
    models: dict[str, Any] = field(default_factory=dict)
    aliases: dict[str, Any] = field(default_factory=dict)
    failures: dict[str, Any] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    addresses: list[tuple[str, str | None]] = field(default_factory=list)
    saved: dict[str, Any] = field(default_factory=dict)

    def save_model(self, path, *, python_model, artifacts, **described):
        path = Path(path)
        path.mkdir()
        (path / "predicting_model.py").write_bytes(Path(python_model).read_bytes())
        for name, folder in artifacts.items():
            (path / name).mkdir()
            for each in Path(folder).iterdir():
                (path / name / each.name).write_bytes(each.read_bytes())
        self.saved = described

    def client(self, address, registry=None):
        self.addresses.append((address, registry))
        return _Client(self)


class _Client:
    """The methods of `mlflow.MlflowClient` that are used."""

    def __init__(self, server):
        self._server = server

    def __getattribute__(self, name):
        if not name.startswith("_"):
            self._server.calls.append(name)
            if name in self._server.failures:
                raise self._server.failures[name]
        return object.__getattribute__(self, name)

    def search_experiments(self, max_results):
        return []

    def get_experiment_by_name(self, name):
        if name not in self._server.experiments:
            return None
        stage = "deleted" if name in self._server.deleted else "active"
        return SimpleNamespace(experiment_id=self._server.experiments[name], lifecycle_stage=stage)

    def create_experiment(self, name):
        self._server.experiments[name] = str(len(self._server.experiments) + 1)
        return self._server.experiments[name]

    def create_run(self, experiment, run_name, tags):
        key = f"run{len(self._server.runs) + 1}"
        self._server.runs[key] = Run(run_name, experiment, dict(tags))
        return SimpleNamespace(info=SimpleNamespace(run_id=key))

    def log_batch(self, run, metrics=(), params=(), tags=()):
        assert len(metrics) + len(params) + len(tags) <= 1000
        assert max(len(params), len(tags)) <= 100
        found = self._server.runs[run]
        found.metrics |= {entry.key: entry.value for entry in metrics}
        found.parameters |= {entry.key: entry.value for entry in params}
        found.tags |= {entry.key: entry.value for entry in tags}

    def log_artifact(self, run, path):
        self._server.runs[run].files[Path(path).name] = Path(path).read_bytes()

    def log_artifacts(self, run, path, place):
        for each in sorted(Path(path).rglob("*")):
            if each.is_file():
                name = f"{place}/{each.relative_to(path).as_posix()}"
                self._server.runs[run].files[name] = each.read_bytes()

    def set_terminated(self, run, status):
        self._server.runs[run].status = status

    def create_registered_model(self, name):
        if name in self._server.models:
            raise MlflowException(f"{name} exists", "RESOURCE_ALREADY_EXISTS")
        self._server.models[name] = []

    def create_model_version(self, name, source, run_id, tags, description):
        self._server.models[name].append(SimpleNamespace(source=source, run=run_id, tags=tags))
        return SimpleNamespace(version=len(self._server.models[name]))

    def search_model_versions(self, question):
        name, tag = question.split(" and ")
        name, run = name.split("'")[1], tag.split("'")[1]
        return [
            SimpleNamespace(version=str(number))
            for number, version in enumerate(self._server.models.get(name, ()), 1)
            if version.tags["workbench.run"] == run
        ]

    def get_registered_model(self, name):
        return SimpleNamespace(aliases=dict(self._server.aliases.get(name, {})))

    def set_registered_model_alias(self, name, alias, version):
        self._server.aliases.setdefault(name, {})[alias] = version


def _entry(*names):
    return lambda *values, **more: SimpleNamespace(**dict(zip(names, values, strict=False)), **more)


def install(monkeypatch):
    """Let `import mlflow` give the fake, and return its server."""
    server = FakeMlflow()
    members: dict[str, dict[str, Any]] = {
        "mlflow": {"MlflowClient": server.client},
        "mlflow.pyfunc": {"save_model": server.save_model},
        "mlflow.exceptions": {"MlflowException": MlflowException},
        "mlflow.entities": {
            "Metric": _entry("key", "value", "time", "step"),
            "Param": _entry("key", "value"),
            "RunTag": _entry("key", "value"),
        },
        "mlflow.models": {"ModelSignature": _entry("inputs", "outputs", "params")},
        "mlflow.types": {
            "ColSpec": _entry("type", "name", "required"),
            "ParamSchema": list,
            "ParamSpec": _entry("name", "type", "default"),
            "Schema": list,
        },
        "mlflow.types.schema": {"AnyType": lambda: "any"},
    }
    for name, values in members.items():
        module = types.ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, name, module)
    vars(sys.modules["mlflow"])["pyfunc"] = sys.modules["mlflow.pyfunc"]
    return server
