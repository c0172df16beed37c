"""What `--scheduler` accepts, and the sentences of what it refuses."""

import pytest

from workbench.errors import ClusterError, RequestError
from workbench.execution import LocalExecutor, scheduler
from workbench.execution.cluster import read_cluster
from workbench.execution.scheduler import as_executor, parse_scheduler


def test_this_machine_needs_no_dask(monkeypatch):
    monkeypatch.setattr(scheduler, "find_spec", lambda name: None)
    assert parse_scheduler("local").is_local
    assert parse_scheduler("local:3").cores == 3
    with as_executor(None, 5) as executor:
        assert isinstance(executor, LocalExecutor)
        assert executor.cores == 5
    with as_executor("local:2", 5) as executor, as_executor(executor, 7) as same:
        assert same is executor
    with pytest.raises(
        ClusterError, match="needs the package distributed, which is not installed"
    ) as refused:
        parse_scheduler("tcp://127.0.0.1:8786")
    assert refused.value.hint == "pip install 'stan-workbench[dask]'"


@pytest.mark.parametrize(
    "text", ["", "loca", "local:0", "local:-1", "local:x", "tcp://host", "http://host:1", "a"]
)
def test_anything_else_is_refused(text):
    with pytest.raises(RequestError, match="--scheduler was expected to be local, local:N") as refused:
        parse_scheduler(text)
    assert f"found `{text}`" in refused.value.message


def test_an_executor_is_text_or_a_client():
    with pytest.raises(RequestError, match="found 3"), as_executor(3, 1):
        pass


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("cluster = 'KubeCluster'", "expected to be one of LocalCluster.*found `KubeCluster`"),
        ("workers = 2", "found no `cluster`"),
        ("cluster = 'LocalCluster'\nworkers = 0", "expected to be 1 or more, found 0"),
        ("cluster = 'LocalCluster'\nworkers = true", "`workers` in .* is not a whole number"),
        ("cluster = 'LocalCluster'\noptions = 3", "`options` in .* is not a table"),
        ("cluster = 'LocalCluster'\nprogram = 'x'", "states `program`; a cluster has"),
        ("cluster = 'LocalCluster'\n[tls]\nkey = 'x'", "expected to hold paths, named tls_ca_file"),
        ("cluster = ", "is not TOML"),
    ],
)
def test_a_file_that_is_not_of_a_cluster_is_refused(tmp_path, content, message):
    path = tmp_path / "cluster.toml"
    path.write_text(content)
    with pytest.raises(RequestError, match=message):
        read_cluster(path)


def test_a_file_names_a_cluster_with_options_of_its_own(tmp_path):
    path = tmp_path / "cluster.toml"
    path.write_text(
        "cluster = 'SLURMCluster'\nworkers = 20\n[options]\nqueue = 'long'\ncores = 4\nmemory = '8 GB'"
    )
    cluster = read_cluster(path)
    assert (cluster.kind, cluster.workers) == ("SLURMCluster", 20)
    assert cluster.options == {"queue": "long", "cores": 4, "memory": "8 GB"}
    with pytest.raises(RequestError, match="cannot be read: No such file"):
        read_cluster(tmp_path / "none.toml")
