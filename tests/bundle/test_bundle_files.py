"""A bundle's folder: whole or not at all, and refused as soon as one byte is another."""

import json
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jijbench.bundle.files import MANIFEST, Manifest, check_folder, seal, whole_folder
from jijbench.bundle.model import load_bundle
from jijbench.data.card import file_sha256
from jijbench.errors import DataError


def resealed(folder: Path) -> None:
    """Make the manifest fit what the folder holds now, as somebody who means harm would."""
    (folder / MANIFEST).unlink()
    seal(folder)


def manifest(folder: Path, **changes) -> None:
    """Write the manifest in its own form with other content."""
    now = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(Manifest.model_validate(now | changes).text)


@pytest.mark.parametrize("name", ["card.json", "model/arrays.npz", "model/adapter.json", "known/host.json", MANIFEST])
@pytest.mark.parametrize("where", [0.0, 0.4, 1.0])
def test_a_flipped_bit_is_refused_naming_the_file(copied, name, where):
    file = copied / name
    content = bytearray(file.read_bytes())
    content[int(where * (len(content) - 1))] ^= 1
    file.write_bytes(content)
    with pytest.raises(DataError) as refused:
        load_bundle(copied)
    named = copied if name == MANIFEST else file  # a manifest with another name or hash accuses a file of the bundle
    assert str(named) in str(refused.value)


@pytest.mark.parametrize("name", ["card.json", "model/arrays.npz", "known/moments.csv", MANIFEST])
def test_a_missing_file_is_named(copied, name):
    (copied / name).unlink()
    with pytest.raises(DataError, match=name.rpartition("/")[2]):
        load_bundle(copied)


def test_a_truncated_file_is_refused_also_where_the_manifest_was_made_anew(copied):
    file = copied / "model/arrays.npz"
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"arrays\.npz is not what was exported"):
        load_bundle(copied)
    with pytest.raises(DataError, match=r"arrays\.npz cannot be read as arrays"):
        resealed(copied)


def test_an_array_that_is_gone_is_an_error_of_the_bundle_not_a_traceback(copied):
    with np.load(copied / "model/arrays.npz") as arrays:
        assert "y_" in arrays.files
    np.savez(copied / "model/arrays.npz", other=np.zeros(2))
    resealed(copied)
    with pytest.raises(DataError, match="does not hold the model that its card names"):
        load_bundle(copied)


@pytest.mark.parametrize("name", ["more.txt", "model/more.npz", "model/deep/in/it.json", ".hidden"])
def test_a_file_that_was_not_exported_is_refused(copied, name):
    (copied / name).parent.mkdir(parents=True, exist_ok=True)
    (copied / name).write_text("{}")
    with pytest.raises(DataError, match=f"{Path(name).name} is not in the manifest"):
        load_bundle(copied)


@pytest.mark.parametrize(
    "name", ["../secret.json", "/etc/hostname", "model/../../secret.json", "model//x", "./card.json", "a\\b", "C:x", ""]
)
def test_a_path_outside_the_folder_is_refused_before_it_is_read(copied, name):
    (copied.parent / "secret.json").write_text("{}")
    files = json.loads((copied / MANIFEST).read_text())["files"]
    manifest(copied, files=files | {name: "0" * 64})
    with pytest.raises(DataError, match="not one of the bundle's own files; refused"):
        load_bundle(copied)


@given(st.text(min_size=1).filter(lambda s: max(s) < "\ud800" or min(s) > "\udfff"))
def test_no_name_of_a_file_leads_outside(name):
    from jijbench.bundle.files import _refuse_outside

    folder = Path("/a/b")
    try:
        _refuse_outside(folder, name)
    except DataError:
        return
    assert folder in (folder / name).parents
    assert os.path.normpath(folder / name) == str(folder / name)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_link_is_refused(copied, kind):
    outside = copied.parent / "outside"
    if kind == "file":
        (copied / "card.json").rename(outside)
        (copied / "card.json").symlink_to(outside)
    else:
        (copied / "model").rename(outside)
        (copied / "model").symlink_to(outside, target_is_directory=True)
    with pytest.raises(DataError, match="is a link or no plain file"):
        load_bundle(copied)


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("jijbench.bundle/9", "this version reads jijbench.bundle/1; install a newer jijbench"),
        ("jijbench.run/1", "it is no bundle of jijbench"),
        ("jijbench.bundle/1x", "it is no bundle of jijbench"),
        (None, "it is no bundle of jijbench"),
        (1, "it is no bundle of jijbench"),
    ],
)
def test_another_schema_is_refused(copied, schema, reason):
    content = json.loads((copied / MANIFEST).read_text()) | {"schema": schema}
    (copied / MANIFEST).write_text(json.dumps(content))
    with pytest.raises(DataError, match=reason):
        load_bundle(copied)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"schema": "jijbench.bundle/1"}'])
def test_what_is_no_manifest_is_refused(copied, text):
    (copied / MANIFEST).write_text(text)
    with pytest.raises(DataError, match=MANIFEST):
        load_bundle(copied)


def test_what_is_no_bundle_is_said(tmp_path):
    with pytest.raises(DataError, match="is no folder; a bundle is one"):
        load_bundle(tmp_path / "nowhere")
    with pytest.raises(DataError, match="so it is no bundle"):
        load_bundle(tmp_path)


def test_a_card_with_an_unknown_key_or_nan_is_refused(copied):
    card = json.loads((copied / "card.json").read_text())
    for more in ({"colour": "red"}, {"seed": float("nan")}):
        (copied / "card.json").write_text(json.dumps(card | more))
        resealed(copied)
        with pytest.raises(DataError, match=r"card\.json"):
            load_bundle(copied)


def test_a_bundle_does_not_choose_what_is_imported(copied):
    card = json.loads((copied / "card.json").read_text())
    (copied / "card.json").write_text(json.dumps(card | {"adapter": "antigravity:Fly"}))
    resealed(copied)
    with pytest.raises(DataError, match="needs the adapter 'antigravity:Fly', which is not installed"):
        load_bundle(copied)
    assert "antigravity" not in sys.modules


def test_a_model_of_another_class_is_refused(copied):
    card = json.loads((copied / "card.json").read_text())
    (copied / "card.json").write_text(json.dumps(card | {"adapter": "mean"}))
    resealed(copied)
    with pytest.raises(DataError, match=r"not a jijbench\.adapters\.floors\.mean:Mean"):
        load_bundle(copied)


@pytest.mark.parametrize("name", ["model.pkl", "model.json", "arrays.npz"])
def test_a_pickle_is_never_sealed(tmp_path, name):
    if name == "arrays.npz":
        np.savez(tmp_path / name, x=np.array([{}, []], dtype=object))
    else:
        (tmp_path / name).write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(DataError, match=f"{name} (is a pickle|.*holds arrays of Python objects)"):
        seal(tmp_path)


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    out = tmp_path / "a" / "out"
    with pytest.raises(KeyboardInterrupt), whole_folder(out) as folder:  # noqa: PT012
        (folder / "x").write_text("half")
        assert not out.exists()
        raise KeyboardInterrupt
    assert list(out.parent.iterdir()) == []
    out.mkdir()  # an empty folder is free
    with whole_folder(out) as folder:
        (folder / "x").write_text("all")
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    with pytest.raises(DataError, match="not empty"), whole_folder(out):
        pass
    assert (out / "x").read_text() == "all"


WRITES = """
import sys, time
from pathlib import Path
from jijbench.bundle.files import seal, whole_folder
try:
    with whole_folder(Path(sys.argv[1])) as folder:
        (folder / "first.json").write_text("{}")
        print("half", flush=True)
        DO
        seal(folder)
except OSError as error:
    print("no:", error.strerror, flush=True)
"""


def _writer(out: Path, what: str) -> subprocess.Popen:
    code = WRITES.replace("DO", what)
    return subprocess.Popen(
        [sys.executable, "-c", code, str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # background jobs ignore it
    )  # fmt: skip


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_in_the_middle_there_is_no_bundle(tmp_path, how):
    out = tmp_path / "out"
    process = _writer(out, "time.sleep(60)")
    assert process.stdout.readline() == b"half\n"
    process.send_signal(how)
    process.communicate(timeout=30)
    assert not out.exists()
    if how == signal.SIGINT:  # a kill leaves no time to clean up: a hidden folder of another name may stay
        assert list(tmp_path.iterdir()) == []
    with whole_folder(out) as folder:  # and it is no hindrance
        (folder / "x").write_text("all")
    assert (out / "x").is_file()


def test_a_full_disk_leaves_nothing(tmp_path):
    """A real limit of the system on the size of a file; writing beyond it fails as on a full disk."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))"
    process = _writer(tmp_path / "out", f"{limit}; (folder / 'big.npz').write_bytes(bytes(5000))")
    said, error = process.communicate(timeout=30)
    assert b"no: File too large" in said, error
    assert list(tmp_path.iterdir()) == []


def test_the_name_of_a_bundle_follows_its_content(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    first = seal(tmp_path)
    assert check_folder(tmp_path) == first
    (tmp_path / MANIFEST).unlink()
    (tmp_path / "x.json").write_text("{ }")
    assert seal(tmp_path).sha256 != first.sha256


def damaged(folder, name, cut):
    """The archive with its directory, or its content, destroyed: the signature of a zip file stays."""
    content = bytearray((folder / name).read_bytes())
    content[cut] = bytes(len(content[cut]))
    (folder / name).write_bytes(content)


@pytest.mark.parametrize("cut", [slice(40, 90), slice(-60, -30), slice(-22, -10)])
def test_a_damaged_archive_is_named_also_where_the_manifest_was_made_anew(copied, cut):
    damaged(copied, "model/arrays.npz", cut)
    files = json.loads((copied / MANIFEST).read_text())["files"]
    manifest(copied, files=files | {"model/arrays.npz": file_sha256(copied / "model/arrays.npz")})
    with pytest.raises(DataError, match=r"model/arrays\.npz"):
        load_bundle(copied)


def test_an_answer_of_a_damaged_model_names_the_bundle(copied):
    with np.load(copied / "model/arrays.npz") as found:
        arrays = {name: found[name][..., :1] if found[name].ndim else found[name] for name in found.files}
    np.savez(copied / "model/arrays.npz", **arrays)
    resealed(copied)

    def answer():
        bundle = load_bundle(copied)
        return bundle.predict(bundle.known.grid(["Cr", "Mn"]))

    with pytest.raises(DataError, match=str(copied)):
        answer()


def test_a_card_with_a_key_twice_is_refused(copied):
    text = (copied / "card.json").read_text()
    (copied / "card.json").write_text(text.replace('"seed": 0', '"seed": 0,\n "seed": 1', 1))
    resealed(copied)
    with pytest.raises(DataError, match=r"card\.json: the key 'seed' stands there twice, with '0' and '1'"):
        load_bundle(copied)


def test_a_target_that_is_none_is_refused_at_once(copied):
    card = json.loads((copied / "card.json").read_text())
    (copied / "card.json").write_text(json.dumps(card | {"target": {"name": "jij", "shape": None}}))
    resealed(copied)
    with pytest.raises(DataError, match="does not hold the model that its card names"):
        load_bundle(copied)
