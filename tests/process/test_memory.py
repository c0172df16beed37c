"""What limits of containers leave of the machine's memory."""

from workbench import process
from workbench.process.memory import _list_left_by_limits


def write_group(folder, limit, usage, names):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{usage}\n")
    (folder / "memory.stat").write_text("anon 5\ninactive_file 7\ntotal_inactive_file 30\n")


def test_the_tightest_limit_around_a_process_counts(tmp_path):
    unified = ("memory.max", "memory.current")
    write_group(tmp_path, "max", 900, unified)
    write_group(tmp_path / "job", 1000, 400, unified)
    write_group(tmp_path / "job" / "step", 5000, 300, unified)
    (tmp_path / "membership").write_text("0::/job/step\n")
    assert sorted(_list_left_by_limits(tmp_path, tmp_path / "membership")) == [630, 4730]


def test_older_groups_have_other_names(tmp_path):
    write_group(tmp_path / "memory", 2000, 1500, ("memory.limit_in_bytes", "memory.usage_in_bytes"))
    (tmp_path / "membership").write_text(
        "5:cpu:/\n4:memory,hugetlb:/docker/abc\n"
    )  # its folder is not visible
    assert list(_list_left_by_limits(tmp_path, tmp_path / "membership")) == [530]


def test_without_groups_the_machine_counts(tmp_path):
    assert list(_list_left_by_limits(tmp_path, tmp_path / "missing")) == []
    assert 10**7 < process.measure_available_memory() < 10**14
