"""`workbench toolchain`: what is used and why, and its upkeep; building is tested elsewhere."""


def test_status_says_what_and_why(workbench, tools):
    done = workbench("toolchain", "status")
    assert done.returncode == 0, done.stderr
    assert tools.stan_version in done.stdout
    assert "why" in done.stdout


def test_the_doctor_finds_nothing_on_a_machine_that_works(workbench, monkeypatch):
    monkeypatch.setattr("workbench.toolchain.doctor.ask_for", lambda wheel: "")
    done = workbench(
        "doctor",
    )
    assert done.returncode == 0, done.stdout
    assert "TC101" in done.stdout
    assert "problem" not in done.stdout


def test_the_doctor_exits_with_3_where_something_is_wrong(workbench, tmp_path):
    done = workbench("doctor", env={"CMDSTAN": str(tmp_path / "nowhere")})
    assert done.returncode == 3
    assert "TC106" in done.stdout
    assert "found a problem" in done.stderr


def test_a_wheel_that_is_not_the_pinned_one_is_refused(workbench, tmp_path):
    (tmp_path / "httpstan.whl").write_bytes(b"not a wheel")
    env = {"WORKBENCH_CACHE": str(tmp_path / "cache")}
    done = workbench("toolchain", "install", "--wheel", "httpstan.whl", env=env)
    assert done.returncode == 3
    assert "is not the pinned httpstan" in done.stderr


def test_pruning_an_empty_cache_removes_nothing(workbench, tmp_path):
    done = workbench("toolchain", "prune", "--keep", "0", env={"WORKBENCH_CACHE": str(tmp_path / "cache")})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("0 entries removed")


def test_the_doctor_has_its_earlier_name_too(workbench):
    for words in (("toolchain", "doctor"), ("doctor",)):
        assert "from the compiler to the" in workbench(*words, "--help").stdout


def test_workbench_alone_says_where_to_begin(workbench):
    done = workbench()
    assert done.returncode == 0
    for words in ("workbench fit eight_schools", "workbench doctor", "workbench --help"):
        assert words in done.stdout
    assert max(map(len, done.stdout.splitlines())) < 110


def test_licences_are_listed(workbench):
    done = workbench("--licences", env={"COLUMNS": "160"})
    assert done.returncode == 0
    words = " ".join(done.stdout.split())
    for part in (
        "BSD-3-Clause",
        "Stan and Stan Math 2.39.0",
        "Eigen 3.4.0 MPL-2.0",
        "numpy",
        "eight_schools.csv",
    ):
        assert part in words
