"""The cache of descriptors under many workers: shared, bounded, whole."""

import os
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from jijbench.context import context
from jijbench.data.task import load_task
from jijbench.runner import run_cells
from jijbench.runner.cache import trim

pytest.importorskip("dscribe", reason="dscribe is not installed")
RANDOM = "jij-bi2te3/jij/random-orbit"
#: computes the spectra of all geometries, after the others have started too; prints how many it computed itself
WORKER = """
import sys, time
import numpy as np
from dscribe.descriptors import SOAP
from jijbench.data.task import load_task
from jijbench.descriptors.soap import SoapSettings, site_spectra

computed, create = [0], SOAP.create
def counted(self, *args, **more):
    computed[0] += 1
    return create(self, *args, **more)
SOAP.create = counted
samples = load_task("jij-bi2te3/jij/random-orbit").dataset.samples
samples = list({s.geometry.id: s for s in samples}.values())
time.sleep(max(0.0, float(sys.argv[1]) - time.time()))
found = site_spectra(samples, SoapSettings(n_max=3, l_max=2))
print(computed[0], sum(float((one.vectors ** 2).sum()) for one in found))
"""


def workers(n: int, cache) -> list[list[str]]:
    begin = str(time.time() + 4 * (n > 1))
    code = [sys.executable, "-W", "error::UserWarning", "-c", WORKER, begin]
    running = [
        subprocess.Popen(code, env=os.environ | {"JIJBENCH_CACHE": str(cache)}, stdout=subprocess.PIPE, text=True)
        for _ in range(n)
    ]
    found = [process.communicate(timeout=120)[0].split() for process in running]
    assert [process.returncode for process in running] == [0] * n
    return found


def test_many_workers_share_it(tmp_path):
    together = workers(4, tmp_path)
    assert len({total for _, total in together}) == 1
    entries = list(tmp_path.rglob("output.pkl"))
    computed = [int(n) for n, _ in together]
    assert len(entries) <= sum(computed) < 4 * len(entries)  # two may begin the same one, none waits for another
    assert workers(1, tmp_path) == [["0", together[0][1]]]  # and whoever comes later computes nothing
    assert not list(tmp_path.rglob("*.thread-*"))  # no half of an entry is left


def test_each_surrounding_is_computed_once(tmp_path):
    ((first, total),) = workers(1, tmp_path)
    geometries = {s.geometry.id for s in load_task(RANDOM).dataset.samples}
    assert int(first) == len(list(tmp_path.rglob("output.pkl"))) == 2 * len(geometries)
    assert workers(1, tmp_path) == [["0", total]]


@pytest.mark.parametrize("size", [0, 100])
def test_a_truncated_entry_is_computed_anew(tmp_path, size):
    from jijbench.descriptors.soap import SoapSettings, site_spectra

    samples, settings = load_task(RANDOM).dataset.samples[:1], SoapSettings(n_max=3, l_max=2)
    with context(cache=tmp_path):
        (whole, _) = site_spectra(samples, settings)
        for entry in tmp_path.rglob("output.pkl"):
            os.truncate(entry, size)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joblib tells that it could not read
            (again, _) = site_spectra(samples, settings)
    np.testing.assert_array_equal(again.vectors, whole.vectors)
    assert all(entry.stat().st_size > size for entry in tmp_path.rglob("output.pkl"))


def size_of(folder) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and len(path.parent.name) == 32)


def test_it_keeps_within_its_size_and_what_was_read_last_stays(tmp_path):
    from jijbench.descriptors.soap import SoapSettings, site_spectra

    samples = list({s.geometry.id: s for s in load_task(RANDOM).dataset.samples}.values())
    with context(cache=tmp_path):
        for n_max in (2, 3):
            site_spectra(samples, SoapSettings(n_max=n_max, l_max=1))
        whole = size_of(tmp_path)
        newest = max(tmp_path.rglob("output.pkl"), key=lambda path: path.stat().st_mtime)
        with context(cache_gib=whole / 2 / 2**30):
            trim()
        assert 0 < size_of(tmp_path) <= whole / 2
        assert newest.is_file()
        with context(cache_gib=0):
            trim()
        assert size_of(tmp_path) == 0
        assert site_spectra(samples, SoapSettings(n_max=2, l_max=1))[0].n == len(samples)


def test_a_run_ends_within_the_limit(tmp_path, benchmark, monkeypatch):
    monkeypatch.setenv("JIJBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("JIJBENCH_CACHE_GIB", "0")
    (record,) = run_cells(benchmark("soap").cells(), tmp_path / "r")
    assert record.status == "complete"
    assert (tmp_path / "cache").is_dir()
    assert size_of(tmp_path / "cache") == 0
