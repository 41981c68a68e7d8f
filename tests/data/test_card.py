import shutil
from pathlib import Path

import pytest
import yaml

from jijbench.data.card import check_hashes, file_sha256, read_card, write_card
from jijbench.data.dataset import load_dataset
from jijbench.errors import DataError


@pytest.fixture
def folder(tmp_path, published) -> Path:
    """A copy of a shipped dataset that a test may spoil."""
    return Path(shutil.copytree(published.folder, tmp_path / "copy"))


def edit(folder: Path, change) -> None:
    path = folder / "card.yaml"
    fields = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(fields)
    path.write_text(yaml.safe_dump(fields, allow_unicode=True), encoding="utf-8")


def test_the_copy_loads(folder, published):
    assert load_dataset(folder).sha256 == published.sha256


@pytest.mark.parametrize("name", ["samples.csv", "geometries.extxyz", "host.json"])
def test_a_changed_byte_is_named_with_its_hashes(folder, name):
    path = folder / name
    expected = file_sha256(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(DataError) as caught:
        load_dataset(folder)
    for part in (str(path), expected, file_sha256(path)):
        assert part in str(caught.value)


def test_a_missing_file_is_named(folder):
    (folder / "host.json").unlink()
    with pytest.raises(DataError, match=r"host\.json is missing"):
        load_dataset(folder)


def test_a_missing_card_is_named(tmp_path):
    with pytest.raises(DataError, match=r"card\.yaml does not exist"):
        read_card(tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda f: f.update(license="MIT"), r"license:\s+Extra inputs are not permitted"),
        (lambda f: f["source"].update(basis="plane waves"), r"source\.basis:\s+Extra inputs"),
        (lambda f: f["targets"]["jij"].update(scale=2.0), r"targets\.jij\.scale:\s+Extra inputs"),
        (lambda f: f.pop("licence"), r"licence:\s+Field required"),
        (lambda f: f["noise_floor"].update(jij=float("nan")), r"line \d+: '\.nan' is no finite decimal number"),
        (
            lambda f: f.update(cluster_radius_angstrom=float("inf")),
            r"line \d+: '\.inf' is no finite decimal number",
        ),
        (lambda f: f.update(id="Jij Table"), r"id:\s+String should match"),
        (lambda f: f["files"].update({"samples.csv": "abc"}), r"samples\.csv`?:\s+String should match"),
    ],
)
def test_a_bad_card_names_the_field(folder, change, complaint):
    edit(folder, change)
    with pytest.raises(DataError, match=complaint) as caught:
        read_card(folder)
    assert "card.yaml" in str(caught.value)


@pytest.mark.parametrize("text", ["a: [1\n", "just words\n", ""])
def test_a_card_that_is_no_mapping_is_named(folder, text):
    (folder / "card.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"card\.yaml"):
        read_card(folder)


@pytest.mark.parametrize("name", ["samples.csv", "geometries.extxyz"])
def test_a_card_must_vouch_for_the_files_that_are_read(folder, name):
    edit(folder, lambda fields: fields["files"].pop(name))
    with pytest.raises(DataError, match=name.replace(".", r"\.")):
        load_dataset(folder)


def test_the_hash_of_the_data_is_that_of_its_files(folder):
    before = read_card(folder)
    edit(folder, lambda fields: fields.update(title="Another title"))
    assert read_card(folder).sha256 == before.sha256
    edit(folder, lambda fields: fields["files"].update({"samples.csv": "0" * 64}))
    assert read_card(folder).sha256 != before.sha256


def test_a_written_card_reads_back_the_same(folder, tmp_path):
    card = read_card(folder)
    before = (folder / "card.yaml").read_bytes()
    fields = card.model_dump(mode="json") | {"files": list(card.files)}
    assert write_card(folder, fields) == read_card(folder) == card
    assert (folder / "card.yaml").read_bytes() == before


def test_a_card_cannot_be_changed(published):
    with pytest.raises(ValueError, match="frozen"):
        published.card.version = "9"


@pytest.mark.parametrize("name", ["dimers", "published"])
def test_shipped_cards_hold(name, request):
    dataset = request.getfixturevalue(name)
    check_hashes(dataset.folder, dataset.card)
    assert dataset.card.convention.startswith("house:")
    assert set(dataset.card.noise_floor) == set(dataset.card.targets)
    assert {column for spec in dataset.card.targets.values() for column in spec.columns} <= set(dataset.card.units)
