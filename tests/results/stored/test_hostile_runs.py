"""Run directories made to read, write or wait elsewhere: each attack is refused by name."""

import contextlib
import json
import os
import resource
import socket
import zlib
from dataclasses import replace

import h5py
import numpy as np
import pytest
import xarray as xr

from tests.report.simulated import simulate_fit
from workbench.errors import RunIncomplete, WorkbenchError
from workbench.results import run_directory, store
from workbench.results.saved_program import check_includes, choose_program_name, split_name
from workbench.results.saved_request import restore_method
from workbench.workflow.check import examine_run
from workbench.workflow.report import redraw_report

CONFESSION = "a line of a file of someone else"


@pytest.fixture
def run(tmp_path):
    """A run that may be changed."""
    return store.write(simulate_fit(draws=40), "", tmp_path / "run")


@pytest.fixture
def secret(tmp_path):
    """A file that a run must not reach."""
    path = tmp_path / "secret.txt"
    path.write_text(CONFESSION)
    return path


def refuse(folder, match):
    """Check that every command that reads a run alone refuses it in one sentence."""
    with pytest.raises(RunIncomplete, match=match) as refusal:
        run_directory.read_whole(folder)
    for command in (redraw_report, examine_run):
        with pytest.raises(WorkbenchError):
            command(folder)
    assert CONFESSION not in refusal.value.message
    assert "\n" not in refusal.value.message


def edit(folder):
    """Open `fit.nc` to change it."""
    return h5py.File(folder / "fit.nc", "r+")


@pytest.mark.parametrize("name", ["run.json", "fit.nc"])
def test_a_symbolic_link_is_not_followed(run, tmp_path, name):
    (run / name).rename(tmp_path / "elsewhere")
    (run / name).symlink_to(tmp_path / "elsewhere")
    refuse(run, f"`.*{name}` is a symbolic link")


@pytest.mark.parametrize("name", ["run.json", "fit.nc"])
def test_a_pipe_is_not_waited_for(run, name):
    (run / name).unlink()
    os.mkfifo(run / name)
    refuse(run, f"`.*{name}` is a pipe")


def test_a_device_is_not_opened(run):
    (run / "fit.nc").unlink()
    (run / "fit.nc").symlink_to("/dev/zero")
    refuse(run, "is a symbolic link")


def test_a_socket_is_not_opened(run, monkeypatch):
    (run / "fit.nc").unlink()
    monkeypatch.chdir(run)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("fit.nc")
        refuse(run, "is a socket")


def test_a_folder_is_not_a_file(run):
    (run / "fit.nc").unlink()
    (run / "fit.nc").mkdir()
    refuse(run, "is a folder")


def test_what_stan_printed_is_not_read_through_a_link(run, secret):
    (run / "console.log").unlink()
    (run / "console.log").symlink_to(secret)
    with pytest.raises(RunIncomplete, match=r"console\.log` is a symbolic link"):
        run_directory.read_whole(run)


def test_prepared_links_beside_the_report_are_not_followed(run, secret):
    for number in range(40):
        (run / f".report.html.{os.getpid() + number}").symlink_to(secret)
        (run / f".report.html.{number}").symlink_to(secret)
    redraw_report(run)
    assert secret.read_text() == CONFESSION


def test_a_report_that_is_a_link_is_replaced_or_refused_but_not_followed(run, secret):
    (run / "report.html").unlink()
    (run / "report.html").symlink_to(secret)
    with contextlib.suppress(WorkbenchError):
        redraw_report(run)
    assert secret.read_text() == CONFESSION


def test_values_in_another_file_are_not_read(run, secret):
    with edit(run) as file:
        del file["observed_data/y"]
        file["observed_data"].create_dataset(
            "y", shape=(3,), dtype="f8", external=[(str(secret), 0, h5py.h5f.UNLIMITED)]
        )
    refuse(run, r"values of `observed_data/y` in another file, `.*secret\.txt`")


def test_an_external_link_is_not_followed(run, tmp_path):
    with h5py.File(tmp_path / "other.nc", "w") as other:
        other["y"] = np.zeros(3)
    with edit(run) as file:
        del file["observed_data/y"]
        file["observed_data/y"] = h5py.ExternalLink(str(tmp_path / "other.nc"), "/y")
    refuse(run, r"`observed_data/y` in another file, `.*other\.nc`")


def test_an_external_link_to_a_pipe_does_not_wait(run, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with edit(run) as file:
        file["elsewhere"] = h5py.ExternalLink(str(tmp_path / "pipe"), "/")
    refuse(run, "in another file")


def test_a_soft_link_is_refused(run):
    with edit(run) as file:
        del file["observed_data/y"]
        file["observed_data/y"] = h5py.SoftLink("/posterior/mu")
    refuse(run, "has a link, `observed_data/y`")


def test_groups_that_contain_each_other_are_refused(run):
    with edit(run) as file:
        file["posterior/again"] = file["posterior"]
    refuse(run, "`posterior/again` where an array was expected")


def test_an_array_put_together_from_other_files_is_refused(run, tmp_path):
    with h5py.File(tmp_path / "other.nc", "w") as other:
        other["y"] = np.zeros(3)
    layout = h5py.VirtualLayout(shape=(3,), dtype="f8")
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.nc"), "y", shape=(3,))
    with edit(run) as file:
        del file["observed_data/y"]
        file["observed_data"].create_virtual_dataset("y", layout)
    refuse(run, "`observed_data/y` put together from other arrays")


def test_an_array_of_nothing_but_its_fill_value_is_refused_before_it_is_allocated(run):
    with edit(run) as file:
        del file["observed_data/y"]
        file["observed_data"].create_dataset("y", shape=(40_000_000_000,), dtype="f8", chunks=(1_000_000,))
    refuse(run, "does not hold every value of `observed_data/y`")


def test_a_piece_that_unpacks_to_gigabytes_is_refused(run):
    with edit(run) as file:
        group = file["observed_data"]
        scale = group["y"].dims[0].keys() if group["y"].dims[0] else []
        del scale, group["y"]
        packed = group.create_dataset("y", shape=(3,), dtype="f8", chunks=(3,), compression="gzip")
        packed.id.write_direct_chunk((0,), zlib.compress(bytes(4096 * 1024), 9))
        packed.make_scale()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refuse(run, "unpacks to too much|does not hold every value")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes


def test_more_memory_than_a_file_accounts_for_is_refused(run, monkeypatch):
    monkeypatch.setattr("workbench.results.stored.arrays._FREE_BYTES", 0)
    with edit(run) as file:
        zeros = np.zeros((20_000_000,))
        packed = file["observed_data"].create_dataset(
            "zeros", data=zeros, chunks=(1_000_000,), compression="gzip", shuffle=True
        )
        packed.make_scale()
    refuse(run, "more than draws can be compressed")


def test_an_unknown_filter_is_refused(run):
    with edit(run) as file:
        file["observed_data"].create_dataset("z", data=np.zeros(100), compression="lzf").make_scale()
    refuse(run, "packed in a way that a run is not")


@pytest.mark.parametrize(
    "values",
    [
        np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        np.array([b"abc"]),
        np.array([1 + 2j]),
        np.array([h5py.Reference()], dtype=h5py.ref_dtype),
    ],
    ids=["compound", "bytes", "complex", "reference"],
)
def test_a_type_that_a_run_does_not_have_is_refused(run, values):
    with edit(run) as file:
        file["observed_data"].create_dataset("z", data=values, dtype=values.dtype).make_scale()
    refuse(run, "of type `.*`, which is not one of a run")


def test_numbers_of_variable_length_are_refused(run):
    with edit(run) as file:
        rows = file["observed_data"].create_dataset("z", shape=(1,), dtype=h5py.vlen_dtype("i4"))
        rows[0] = np.arange(3)
        rows.make_scale()
    refuse(run, "of type `.*`, which is not one of a run")


def test_a_text_that_is_named_many_times_is_refused(run):
    with edit(run) as file:
        texts = file["observed_data"].create_dataset("z", shape=(2000,), dtype=h5py.string_dtype())
        texts[:] = "x"
        texts[0] = "y" * 100_000
        texts.make_scale()
    refuse(run, "bytes of text in `observed_data/z`")


def test_a_heap_of_texts_that_leads_nowhere_is_not_followed(run):
    content = bytearray((run / "fit.nc").read_bytes())
    start = content.find(b"GCOL")
    content[start + 16 : start + 18] = bytes(2)  # the first object is called the free rest of the heap
    content[start + 24 : start + 32] = bytes(8)  # which is empty: the library looks at it without end
    (run / "fit.nc").write_bytes(content)
    refuse(run, "its texts cannot be read")


def test_an_attribute_that_would_change_values_is_refused(run):
    with edit(run) as file:
        file["posterior/mu"].attrs["scale_factor"] = 2.0
    refuse(run, "`posterior/mu` with `scale_factor`")


def test_draws_that_are_not_those_of_the_record_are_refused(run):
    record = json.loads((run / "run.json").read_text())
    record["nuts"]["draws"] = 41
    (run / "run.json").write_text(json.dumps(record))
    refuse(run, "expected to hold 4 chains of 41 draws .* found 4 of 40")


@pytest.mark.parametrize("numbers", [[5, 5, 6], [-1, 2, 6], [0, 1, 40], [0.0, 1.0, 2.0], ["a", "b", "c"]])
def test_pointwise_values_of_draws_that_are_not_numbered_are_refused(tmp_path, numbers):
    fit = simulate_fit(draws=40)
    tree = fit.tree.copy()
    kept = tree["log_likelihood"].to_dataset().isel(draw=[3, 7, 39])
    tree["log_likelihood"] = xr.DataTree(kept)
    sound = store.write(replace(fit, stored=tree), "", tmp_path / "sound")
    assert run_directory.read(sound).tree["log_likelihood"].sizes["draw"] == 3
    tree["log_likelihood"] = xr.DataTree(kept.assign_coords(draw=numbers))
    changed = replace(fit, stored=tree)
    refuse(store.write(changed, "", tmp_path / "run"), "number the draws in `log_likelihood`")


def test_quantities_that_are_not_those_of_the_record_are_refused(run):
    record = json.loads((run / "run.json").read_text())
    record["nuts"]["estimates"] = {}
    (run / "run.json").write_text(json.dumps(record))
    refuse(run, "draws of 0 quantities")


@pytest.mark.parametrize("key", ["status", "estimates"])
def test_a_method_without_what_each_has_is_refused(run, key):
    record = json.loads((run / "run.json").read_text())
    del record["nuts"][key]
    record["map"] = {"status": "skipped", "estimates": {}}
    (run / "run.json").write_text(json.dumps(record))
    refuse(run, f"`nuts` has no `{key}`")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[" * 100_000 + "]" * 100_000, "levels deep|not JSON"),
        ('{"schema": 1, "priors": {"a": ' + "[" * 40 + "]" * 40 + "}}", "levels deep"),
        ('{"schema": 1' + "0" * 400 + "}", "larger than any"),
        ('{"schema": 1, "seed": 1' + "0" * 5000 + "}", "not JSON as it was written"),
        ('{"schema": 1, "seed": NaN}', "not JSON as it was written"),
        ('{"schema": 1, "seed": 1e999}', "not JSON as it was written"),
        ("[]", "expected to hold an object, found a list"),
        ("", "not JSON as it was written"),
    ],
    ids=["deep", "deep below", "400 digits", "5000 digits", "nan", "infinity", "list", "empty"],
)
def test_json_that_python_cannot_hold_is_refused(run, text, match):
    (run / "run.json").write_text(text)
    refuse(run, match)


def test_a_file_that_is_too_long_is_refused_before_it_is_read(run):
    with (run / "run.json").open("r+b") as stream:
        stream.truncate(2**40)  # takes no space
    refuse(run, "more than such a file can need")


@pytest.mark.parametrize(
    "name", ["annotations", "dataclass", "__builtins__", "os", "fields", "", "Nuts.__init__"]
)
def test_only_methods_are_looked_up_by_name(name):
    with pytest.raises(RunIncomplete, match="was expected to name a method"):
        restore_method(name, {})


@pytest.mark.parametrize(
    "settings",
    [
        {"chains": "4"},
        {"chains": 10**9},
        {"draws": 10**12},
        {"__class__": 1},
        {"metric": "os.system"},
        {"warmup": None},
        {"adapt_delta": 7.0},
    ],
)
def test_settings_have_their_types_and_ranges(settings):
    with pytest.raises(RunIncomplete, match="has a setting of `Nuts` that cannot be"):
        restore_method("Nuts", settings)


@pytest.mark.parametrize("name", ["__loader__"])
def test_only_distributions_are_looked_up_by_name(run, name):
    record = json.loads((run / "run.json").read_text())
    exact = {"distribution": name, "parameters": {"a": 1.0}, "mean": 0.0, "sd": 1.0}
    record["exact"] = {"status": "ok", "family": "x", "estimates": {"mu": exact}}
    (run / "run.json").write_text(json.dumps(record))
    assert redraw_report(run).is_file()  # the marginal is drawn without the exact posterior


@pytest.mark.parametrize(
    "name",
    [
        "../x.stan",
        "a/../../x.stan",
        "/etc/cron.d/x",
        "a//x.stan",
        "./x.stan",
        "..\\x.stan",
        "C:\\x.stan",
        "x\x00.stan",
        "x\n.stan",
        "-o.stan",
        "a,b.stan",
        "",
        ".",
        "~/..",
        "x" * 300,
        "/".join("x" * 30),
    ],
)
def test_names_of_included_files_stay_inside(name):
    with pytest.raises(RunIncomplete, match="not a plain name inside its folder"):
        split_name(name)


def test_plain_names_of_included_files_are_taken():
    assert split_name("functions/größe 2.stan") == ("functions", "größe 2.stan")


@pytest.mark.parametrize("path", ["..", "/", "", "/etc/passwd", "x.stan\x00", "a/-x.stan", "model.py"])
def test_the_program_has_a_plain_name(path):
    with pytest.raises(RunIncomplete):
        choose_program_name(path)


@pytest.mark.parametrize(
    "directive",
    [
        "#include ../../../../etc/passwd",
        "#include /etc/passwd",
        "#include </etc/passwd>",
        '#include "/etc/passwd"',
        "#include\n../../etc/passwd",
        "#include\t../../etc/passwd",
        '/* " */ #include ../x.stan /* " */',
        '// "\n#include ../x.stan // "',
    ],
)
def test_a_program_includes_only_what_its_run_holds(directive):
    with pytest.raises(RunIncomplete, match="which the run does not hold"):
        check_includes({"m.stan": directive, "x.stan": "", "etc": ""})


@pytest.mark.parametrize(
    "text",
    ["#include x.stan", "#include </x.stan>", "#include a/../x.stan", "// #include ../y", '"#include ../y"'],
)
def test_a_program_includes_what_its_run_holds(text):
    check_includes({"m.stan": text, "x.stan": ""})
