"""The cache of descriptors: shared, bounded, whole, plain arrays; and no reason for a cell to fail."""

import os
import pickle
import subprocess
import sys
import time

import numpy as np
import pytest

from jijbench import cache
from jijbench.cache import PART, _distrust, cached, trim
from jijbench.context import context
from jijbench.data.task import load_task
from jijbench.errors import CacheWarning

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
    entries = list(tmp_path.glob("*.npz"))
    computed = [int(n) for n, _ in together]
    assert len(entries) <= sum(computed) < 4 * len(entries)  # two may begin the same one, none waits for another
    assert workers(1, tmp_path) == [["0", together[0][1]]]  # and whoever comes later computes nothing
    assert set(tmp_path.iterdir()) == set(entries)  # no half of an entry is left


def test_each_surrounding_is_computed_once(tmp_path):
    ((first, total),) = workers(1, tmp_path)
    geometries = {s.geometry.id for s in load_task(RANDOM).dataset.samples}
    assert int(first) == len(list(tmp_path.glob("*.npz"))) == 2 * len(geometries)
    assert workers(1, tmp_path) == [["0", total]]


def size_of(folder) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.npz"))


def test_it_keeps_within_its_size_and_what_was_read_last_stays(tmp_path):
    from jijbench.descriptors.soap import SoapSettings, site_spectra

    samples = list({s.geometry.id: s for s in load_task(RANDOM).dataset.samples}.values())
    with context(cache=tmp_path):
        for n_max in (2, 3):
            site_spectra(samples, SoapSettings(n_max=n_max, l_max=1))
        whole = size_of(tmp_path)
        newest = max(tmp_path.glob("*.npz"), key=lambda path: path.stat().st_mtime)
        with context(cache_gib=whole / 2 / 2**30):
            trim()
        assert 0 < size_of(tmp_path) <= whole / 2
        assert newest.is_file()
        with context(cache_gib=0):
            trim()
        assert size_of(tmp_path) == 0
        assert site_spectra(samples, SoapSettings(n_max=2, l_max=1))[0].n == len(samples)


def test_what_is_not_an_entry_is_neither_removed_nor_counted(entry):
    path, _, _ = entry
    kept = [path.with_name(name) for name in ("mine.npz", "notes.txt", f".new{PART}")]
    old = path.with_name(f".old{PART}")  # its writer was killed
    for file in (*kept, old):
        file.write_bytes(bytes(100))
    os.utime(old, (0, 0))
    with context(cache=path.parent, cache_gib=0):
        trim()
    assert sorted(path.parent.iterdir()) == sorted(kept)


@pytest.fixture
def entry(tmp_path):
    """The file of an entry, a way to ask for it, and what was computed until now."""
    computed = []

    @cached("numpy")
    def raised(values: np.ndarray, power: float = 2) -> np.ndarray:
        computed.append(power)
        return values**power

    def ask(values=(1.0, 2.0, 3.0), **more):
        with context(cache=tmp_path / "cache"):
            return raised(np.array(values), **more)

    np.testing.assert_array_equal(ask(), [1, 4, 9])
    (path,) = (tmp_path / "cache").iterdir()
    assert ask().tobytes() == np.array([1.0, 4.0, 9.0]).tobytes()
    assert len(computed) == 1
    return path, ask, computed


def number_changed(content: bytes) -> bytes:
    return content.replace(np.float64(4).tobytes(), np.float64(5).tobytes())


DAMAGES = {
    "nothing": lambda content: b"", "a part": lambda content: content[:100],
    "less one byte": lambda content: content[:-1],
    "another header": lambda content: content.replace(b"NUMPY", b"NUMPZ"), "another number": number_changed,
    "noise": lambda content: np.random.default_rng(0).bytes(300), "no array": lambda content: b"PK\5\6" + bytes(18),
}  # fmt: skip


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_entry_is_computed_anew(entry, damage):
    path, ask, computed = entry
    whole = path.read_bytes()
    assert damage(whole) != whole
    path.write_bytes(damage(whole))
    np.testing.assert_array_equal(ask(), [1, 4, 9])
    assert len(computed) == 2
    np.testing.assert_array_equal(ask(), [1, 4, 9])
    assert len(computed) == 2


class Planted:
    """Runs code where it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.filterwarnings("error")
def test_nothing_is_ever_unpickled(entry, tmp_path):
    path, ask, _ = entry
    pwned = tmp_path / "pwned"
    planted = np.array([Planted(pwned)], dtype=object)
    np.savez(tmp_path / "object.npz", array=planted)
    np.save(tmp_path / "object.npy", planted)
    for content in (pickle.dumps(planted[0]), *((tmp_path / f"object.{end}").read_bytes() for end in ("npz", "npy"))):
        path.write_bytes(content)
        np.testing.assert_array_equal(ask(), [1, 4, 9])
        assert not pwned.exists()
    pickle.loads(pickle.dumps(planted[0])).close()
    assert pwned.exists()  # it would have run


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["link", "pipe", "open to others"])
def test_a_file_that_others_may_have_made_is_not_read(entry, tmp_path, kind):
    path, ask, computed = entry
    other = tmp_path / "other.npz"
    np.savez(other, array=np.zeros(3))
    path.unlink()
    if kind == "link":
        path.symlink_to(other)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        other.chmod(0o666)
        other.replace(path)
    np.testing.assert_array_equal(ask(), [1, 4, 9])
    assert len(computed) == 2
    assert path.is_file()
    assert not path.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600


def test_other_arguments_code_and_versions_are_other_entries(entry, monkeypatch):
    path, ask, computed = entry
    for values, more in (
        ((1.0, 2.0, 3.0), {"power": 3}), ((1.0, 2.0, 3.0), {"power": 2.0}), ((1.0, 2.0), {}), ((1, 2, 3), {}),
        (((1.0, 2.0, 3.0),), {}), ((1.0, 2.0, 0.0), {}), ((1.0, 2.0, -0.0), {}),
    ):  # fmt: skip
        n = len(computed)
        ask(values, **more)
        assert len(computed) == n + 1
    n = len(computed)
    ask(power=2)  # the default, said
    assert len(computed) == n
    for name in ("installed", "_code"):
        monkeypatch.setattr(f"jijbench.cache.{name}", lambda what: "another")
        ask()
    assert len(computed) == n + 2
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_what_has_no_exact_text_is_no_argument(entry):
    _, ask, _ = entry
    for power in ({1: 2}, np.array([None])):
        with pytest.raises(TypeError, match="no place in the cache"):
            ask(power=power)


def ask_soap():
    from jijbench.descriptors.soap import SoapSettings, site_spectra

    site_spectra(load_task(RANDOM).dataset.samples[:1], SoapSettings(n_max=2, l_max=1))


def ask_ace():
    from jijbench.descriptors.ace import AceSettings, sites

    return sites(load_task(RANDOM).dataset.samples[:6], AceSettings(4.0, (2,), (0,)))


def ask_composition():
    from jijbench.descriptors.composition import composition

    composition(load_task(RANDOM).dataset.samples[:1])


@pytest.mark.parametrize(
    ("library", "module", "ask"),
    [("dscribe", "dscribe", ask_soap), ("python-ace", "pyace", ask_ace), ("CBFV", "CBFV", ask_composition)],
)
def test_another_version_of_a_library_makes_its_descriptors_anew(tmp_path, monkeypatch, library, module, ask):
    pytest.importorskip(module)
    before = cache.installed
    with context(cache=tmp_path):
        ask()
        n = len(list(tmp_path.iterdir()))
        ask()
        assert len(list(tmp_path.iterdir())) == n > 0
        monkeypatch.setattr(cache, "installed", lambda name: "0" if name == library else before(name))
        ask()
        assert len(list(tmp_path.iterdir())) == 2 * n


def test_arrays_by_name_come_back_as_they_were(tmp_path):
    pytest.importorskip("pyace")
    with context(cache=tmp_path):
        first, again = ask_ace(), ask_ace()
    assert list(first.values) == list(again.values)
    assert all(type(z) is int for key in again.values for z in key)
    for key, values in first.values.items():
        assert values.tobytes() == again.values[key].tobytes()


def a_file(folder):
    folder.parent.mkdir()
    folder.write_text("")


def below_a_file(folder):
    folder.parent.write_text("")


def open_to_all(folder):
    folder.mkdir(parents=True)
    folder.chmod(0o777)


def open_to_the_group(folder):
    folder.mkdir(parents=True)
    folder.chmod(0o770)


@pytest.mark.parametrize("make", [a_file, below_a_file, open_to_all, open_to_the_group])
def test_a_folder_that_cannot_be_used_is_told_once_and_left_alone(tmp_path, make):
    calls, folder = [], tmp_path / "x" / "cache"
    make(folder)

    @cached()
    def twice(value: float) -> np.ndarray:
        calls.append(value)
        return np.array([2 * value])

    with context(cache=folder), pytest.warns(CacheWarning, match="JIJBENCH_CACHE") as told:
        assert [twice(3.0)[0], twice(3.0)[0], trim()] == [6.0, 6.0, None]
    assert len(told) == 1
    assert str(folder) in str(told[0].message)
    assert len(calls) == 2
    assert not folder.is_dir() or not list(folder.iterdir())


def test_a_folder_of_another_user_is_refused(tmp_path):
    found = tmp_path.stat()
    assert _distrust(found) is None
    other = os.stat_result([*found[:4], found.st_uid + 1, *found[5:]])
    assert "another user" in _distrust(other)


#: asks for two spectra, as somebody who may not write (root may write anywhere), or into a full disk
ALONE = """
import os, pwd, resource, sys, tempfile
from jijbench.data.task import load_task
from jijbench.descriptors.soap import SoapSettings, site_spectra
samples = load_task("jij-bi2te3/jij/random-orbit").dataset.samples[:1]
import dscribe.descriptors, ase
tempfile.gettempdir()
if sys.argv[1] == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
elif sys.argv[1] == "homeless":  # a user whom the system's list of users does not know
    del os.environ["HOME"]
    pwd.getpwuid = {}.__getitem__
elif os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
print(sum(len(one.vectors) for one in site_spectra(samples, SoapSettings(n_max=2, l_max=1))))
"""


@pytest.mark.parametrize(
    ("how", "reason"), [("full", "File too large"), ("denied", "Permission denied"), ("homeless", "no home directory")]
)
def test_no_answer_is_lost_where_nothing_can_be_written(tmp_path, how, reason):
    (tmp_path / "home").mkdir(mode=0o555)
    environment = {k: v for k, v in os.environ.items() if k not in ("JIJBENCH_CACHE", "XDG_CACHE_HOME")}
    environment["HOME"] = str(tmp_path / "home")
    if how == "full":
        environment["JIJBENCH_CACHE"] = str(tmp_path / "cache")
    done = subprocess.run(
        [sys.executable, "-c", ALONE, how], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "24\n"
    assert done.stderr.count("CacheWarning") == done.stderr.count("Set JIJBENCH_CACHE") == 1
    assert reason in done.stderr
    assert not list(tmp_path.rglob("*.npz"))
    assert not list(tmp_path.rglob(f"*{PART}"))
