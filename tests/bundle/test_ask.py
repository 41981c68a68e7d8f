"""What a bundle is asked (grids, tables, structures, arrays) and how it answers."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import jijbench
from jijbench.bundle.answer import dimer_table, read_samples_for, render
from jijbench.bundle.dimers import Dimers, moments_of, read_moments
from jijbench.bundle.impurities import crystal_of
from jijbench.cli import cli
from jijbench.cli.predict import _numbers
from jijbench.data.export import export_extxyz
from jijbench.data.validate import host_of
from jijbench.errors import DataError, UnknownElement
from jijbench.targets import DV


@pytest.fixture(scope="module")
def whole() -> Dimers:
    """What a bundle of the whole dataset knows."""
    data = jijbench.load_dataset("jij-bi2te3")
    geometries = {s.geometry.id: s.geometry for s in data.samples}
    return Dimers(host_of(data), geometries, moments_of(data.samples), 5.0)


@pytest.fixture(scope="module")
def potentials():
    return jijbench.load_dataset("deltav-elemental")


def test_the_host_numbers_its_shells_as_the_data_do(whole):
    """With the geometries of the first shells alone, the host's symmetry finds all others of the data."""
    few = Dimers(whole.host, {k: g for k, g in whole.geometries.items() if g.shell <= 3}, {}, whole.radius)
    found = few.of_shells(range(1, 15))
    assert [g.shell for g in found] == [g.shell for g in sorted(whole.geometries.values(), key=lambda g: g.shell)]
    fingerprints = {frozenset(g.signatures) for g in whole.geometries.values()}
    assert {frozenset(g.signatures) for g in found} == fingerprints


def test_shells_beyond_the_data_lie_further_out(whole):
    found = whole.of_shells([14, 15, 20])
    assert [g.shell for g in found] == [14, 14, 15, 15, 20]
    assert found[0].distance < found[2].distance < found[-1].distance
    assert all(len(g.numbers) > 25 for g in found)
    with pytest.raises(DataError, match="shell 0: shells are numbered from 1"):
        whole.of_shells([0, 1])


def test_a_grid_names_every_unordered_pair_once(whole):
    samples = whole.grid(["Mn", "Cr", "Cr"], [1, 2])
    assert [s.elements for s in samples] == [("Cr", "Cr"), ("Cr", "Mn"), ("Mn", "Mn")] * 2
    assert {s.geometry.id for s in samples} == {"s01", "s02"}
    assert samples[1].moments.tolist() == [3.860908, 4.499962]
    with pytest.raises(UnknownElement, match="'Xx' is no chemical element"):
        whole.grid(["Xx"], [1])


def test_shell_geometry_and_displacement_name_the_same_dimer(bundles, tmp_path):
    bundle = bundles("pair-gp")
    path = tmp_path / "asked.csv"
    rows = {
        "shell": "element_i,element_j,shell\nCr,V,1\nCr,V,6",
        "geometry": "element_i,element_j,geometry\nCr,V,s01\nCr,V,s06a\nCr,V,s06b",
        "step": "element_i,element_j,sublattice_i,dx_angstrom,dy_angstrom,dz_angstrom\n"
        "Cr,V,Bi2,-4.38531,0,0\nCr,V,Bi2,-6.577965,-3.79779,0\nCr,V,Bi2,6.577965,3.79779,0",
    }
    answers = {}
    for name, text in rows.items():
        path.write_text(text + "\n")
        answers[name] = bundle.predict(read_samples_for(bundle, path))
    assert len(answers["shell"]) == 3
    np.testing.assert_allclose(answers["shell"], answers["geometry"], rtol=1e-9)
    np.testing.assert_allclose(answers["shell"], answers["step"], rtol=1e-9)
    path.write_text("element_i,element_j,geometry\nV,Cr,s06b\n")  # s06b is s06a read from j to i
    np.testing.assert_allclose(bundle.predict(read_samples_for(bundle, path)), answers["shell"][1], rtol=1e-9)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("element_i,element_j,shell\nCr,V,1\nCr,Vv,1\n", r"row 2 \(element_i=Cr, element_j=Vv, .*no chemical element"),
        ("element_i,element_j,shell\nCr,V,x\n", r"row 1 .*shell is 'x', no finite number"),
        ("element_i,element_j,shell\nCr,V,inf\n", r"row 1 .*shell is 'inf', no finite number"),
        ("element_i,element_j,shell\nCr,V,101\n", r"row 1 .*shells are numbered from 1, .*to 100"),
        ("element_i,element_j,geometry\nCr,V,s99\n", r"row 1 .*geometry 's99' is none of s01"),
        ("element_i,element_j,shell\nCr,V,1.5\n", r"row 1 .*shell is '1\.5', no whole number"),
        ("element_i,element_j\nCr,V\n", r"row 1 .*no place of the pair"),
        ("element_i,shell\nCr,1\n", r"lacks the columns \['element_j'\]"),
        ("element_i,element_j,shell\n", "has no rows"),
        ("element_i,element_j,sublattice_i,dx_angstrom,dy_angstrom,dz_angstrom\nCr,V,Bi2,1,0,0\n", "is not a .* site"),
        ("element_i,element_j,sublattice_i,dx_angstrom,dy_angstrom,dz_angstrom\nCr,V,Bi9,1,0,0\n", "no site 'Bi9'"),
        (
            "element_i,element_j,sublattice_i,dx_angstrom,dy_angstrom,dz_angstrom\nCr,V,Bi2,nan,0,0\n",
            "dx_angstrom is 'nan'",
        ),
        ("element_i,element_j,shell,moment_i_mub,moment_j_mub\nCr,V,1,-1,2\n", "give the two lengths"),
        ("element_i,element_j,shell,moment_i_mub,moment_j_mub\nCr,V,1,,2\n", r"row 1 .*one moment of two"),
        ("element_i,element_j,shell\nCr,V,1e23\n", r"row 1 .*shell is '1e23', no whole number, or too large"),
        ("element_i,element_j,shell,geometry\nCr,V,2,s01\n", r"row 1 .*s01 is of shell 1, not 2"),
        ("element_i,element_j,shell,shell\nCr,V,1,2\n", "the column shell stands twice, as columns 3 and 4"),
    ],
)
def test_a_bad_row_is_named(bundles, tmp_path, text, reason):
    path = tmp_path / "asked.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=reason):
        read_samples_for(bundles("pair-gp"), path)


def test_any_dialect_and_atomic_numbers_are_read(bundles, tmp_path):
    bundle, path = bundles("pair-gp"), tmp_path / "asked.csv"
    path.write_text("element_i,element_j,shell\nCr,V,1\n")
    wanted = bundle.predict(read_samples_for(bundle, path))
    path.write_bytes("element_i; element_j; shell\r\n24; 23; 1\r\n".encode("utf-16"))
    np.testing.assert_array_equal(bundle.predict(read_samples_for(bundle, path)), wanted)


def test_exported_structures_are_read_back_as_the_same_dimers(bundles, fitted, tmp_path):
    bundle, data = bundles("pair-gp+moments"), fitted("pair-gp+moments")[0].dataset
    export_extxyz(data, tmp_path / "all.extxyz")
    samples = read_samples_for(bundle, tmp_path / "all.extxyz")
    np.testing.assert_allclose(bundle.predict(samples), bundle.predict(data.samples), rtol=1e-9)
    assert set(bundle.domain(samples)) == {"inside"}
    assert {id(s.geometry) for s in samples} == {id(g) for g in bundle.known.geometries.values()}


def test_a_larger_cluster_is_cut_and_a_smaller_one_is_outside(bundles, whole, tmp_path):
    from ase.io import write

    bundle = bundles("pair-gp")
    for radius, domain in ((7.0, "inside"), (4.0, "geometry at 4.385 Å not in training")):
        wide = Dimers(whole.host, {}, {}, radius)
        geometry = wide._cluster("Bi2", "Bi2", whole.geometries["s01"].displacement, "x")
        write(tmp_path / "one.extxyz", whole.sample(("Cr", "V"), geometry).atoms, format="extxyz")
        assert bundle.domain(read_samples_for(bundle, tmp_path / "one.extxyz")) == [domain]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda atoms: atoms.set_pbc(True), r"frame 1 is periodic; cut out the cluster within 5.0 Å"),
        (lambda atoms: atoms.arrays.pop("impurity"), r"frame 1 has no array impurity with 1 and 2"),
        (lambda atoms: atoms.info.update(moments_mub=[3.0, float("nan")]), r"frame 1: moments .*the two lengths"),
        (lambda atoms: atoms.info.update(moments_mub=[3.0, 3.0, 3.0]), r"frame 1: moments .*the two lengths"),
        (lambda atoms: atoms.arrays["impurity"].put(3, 3), r"frame 1 has no array impurity with 1 and 2"),
    ],
)
def test_a_bad_structure_is_named(bundles, tmp_path, change, reason):
    from ase.io import write

    bundle = bundles("pair-gp")
    atoms = bundle.known.grid(["Cr"], [1])[0].atoms
    change(atoms)
    write(tmp_path / "one.extxyz", atoms, format="extxyz")
    with pytest.raises(DataError, match=reason):
        read_samples_for(bundle, tmp_path / "one.extxyz")


@pytest.mark.parametrize("name", ["one.txt", "one.npz"])
def test_another_kind_of_file_is_refused(bundles, tmp_path, name):
    (tmp_path / name).write_text("x")
    with pytest.raises(DataError, match=r"a bundle of dimers reads \.csv or \.extxyz files"):
        read_samples_for(bundles("pair-gp"), tmp_path / name)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("element,moment_mub\nOs,-1\n", r"m\.csv: row 1 \(element=Os, moment_mub=-1\) has a negative moment"),
        ("element,moment_mub\nOs,big\n", r"m\.csv: row 1 .*moment_mub is 'big', no finite number"),
        ("element,moment_mub\nOs,1\nOs,1\n", r"row 2 \(element=Os, moment_mub=1\) lists Os a second time"),
        ("element,moment_mub\nHyper,1\n", r"m\.csv: row 1 .*element is 'Hyper', no chemical element"),
        ("element,m\nOs,1\n", r"lacks the columns \['moment_mub'\]"),
    ],
)
def test_bad_moments_are_named(tmp_path, text, reason):
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(DataError, match=reason):
        read_moments(tmp_path / "m.csv")


def test_moments_of_a_sublattice_go_before_those_of_the_element(whole, tmp_path):
    (tmp_path / "m.csv").write_text("element,sublattice,moment_mub\nCr,,3.0\nCr,Bi1,3.5\nMn,Bi1,4.0\n")
    given = whole.given(read_moments(tmp_path / "m.csv"))
    second = given.geometries["s02"]  # Bi2 to Bi1
    assert given.sample(("Cr", "Cr"), second).moments.tolist() == [3.0, 3.5]
    assert given.sample(("Mn", "Mn"), second).moments.tolist() == [4.499962, 4.0]


def test_the_table_has_the_columns_that_others_read(bundles):
    bundle = bundles("pair-gp+moments")
    samples = bundle.known.given({("Tc", ""): 2.2}).grid(["Cr", "Tc"], [1, 20])
    table = pd.read_csv(io.BytesIO(render(bundle, samples, ".csv")))
    assert list(table) == [
        "element_i", "element_j", "shell", "distance_ang", "jij_mev", "std_mev", "domain", "geometry",
    ]  # fmt: skip
    assert not table.isna().any().any()
    np.testing.assert_allclose(table["jij_mev"], bundle.predict(samples), rtol=1e-6)
    assert list(table["domain"])[:2] == ["inside", "element Tc not in training"]
    with np.load(io.BytesIO(render(bundle, samples, ".npz")), allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["jij_mev"], bundle.predict(samples))
        assert arrays["element_j"].tolist() == table["element_j"].tolist()
    assert "std_mev" not in dimer_table(bundles("low-rank"), samples[:1])


def test_structures_come_back_with_their_answer(bundles, tmp_path):
    from ase.io import read

    bundle = bundles("pair-gp")
    samples = bundle.known.grid(["Cr", "V"], [1, 6])
    (tmp_path / "a.extxyz").write_bytes(render(bundle, samples, ".extxyz"))
    frames = read(tmp_path / "a.extxyz", index=":")
    np.testing.assert_allclose([f.info["jij_mev"] for f in frames], bundle.predict(samples), rtol=1e-7)
    assert [f.info["elements"] for f in frames[:3]] == ["V-V", "V-Cr", "Cr-Cr"]
    again = read_samples_for(bundle, tmp_path / "a.extxyz")
    np.testing.assert_array_equal(bundle.predict(again), bundle.predict(samples))


def test_the_atomic_start_of_a_known_pair_is_that_of_the_data(bundles, potentials):
    bundle = bundles("impurity-gp")
    listed = {s.orbit: s for s in potentials.samples if len(s.elements) == 1}
    (sample,) = bundle.known.samples("Ag", "Rh")
    for name, values in listed["Rh-in-Ag"].inputs.items():
        np.testing.assert_allclose(sample.inputs[name], values, rtol=0, atol=1e-9)
    assert bundle.known.source(sample) == "data"


def test_the_atomic_start_of_another_pair_is_that_of_the_same_atom(bundles, potentials):
    """Taken from another host it is what the KKR code made in this one, where the atom is known that far out."""
    known = bundles("impurity-gp").known
    weight = DV.volume
    listed = [s for s in potentials.samples if len(s.elements) == 1 and s.host in ("Ag", "Cu", "Al")]
    for sample in listed[::6]:
        radius = float(sample.inputs["host_state"][0])
        truth = sample.inputs["start"] + sample.inputs["host_potential"]
        found, source = known.start(sample.elements[0], sample.host, radius, own=False)
        assert source.startswith("atom in ")
        assert np.sqrt(weight @ (found - truth) ** 2) < 3e-4  # Ry


def test_an_extrapolated_start_is_told_in_the_domain(bundles):
    bundle = bundles("impurity-gp")
    far = max(bundle.known.hosts, key=lambda h: bundle.known.hosts[h].state[0])
    near = min(bundle.known.elements, key=lambda x: max(
        bundle.known.hosts[h].state[0] for e, h in bundle.known.starts if e == x))  # fmt: skip
    arrays = np.load(io.BytesIO(render(bundle, bundle.known.samples(far, near), ".npz")))
    assert f"start of {near} extrapolated" in str(arrays["domain"][0])
    assert "extrapolated beyond" in str(arrays["start"][0])


@pytest.mark.parametrize("name", ["impurity-gp", "impurity-gp of neighbours"])
def test_clusters_of_a_crystal_are_those_of_the_data(name, bundles, potentials):
    hosts = json.loads((potentials.folder / "hosts.json").read_text())
    known = bundles(name).known
    for host in ("Ag", "Fe"):
        about = hosts[host]
        made = crystal_of(host, about["structure"], about["lattice_constant_bohr"], None, known.neighbours)
        places = known.hosts[host].geometries
        assert [g.signatures for g in made] == [g.signatures for g in places]
        assert [g.id for g in made] == [g.id for g in places]


def test_curves_are_written_as_others_read_them(bundles):
    bundle = bundles("impurity-gp of neighbours")
    samples = bundle.known.grid(["Ag", "Fe"], ["Mn", "Ag", "Rh"])
    arrays = np.load(io.BytesIO(render(bundle, samples, ".npz")), allow_pickle=False)
    assert str(arrays["target"]) == "dv-shell"
    assert arrays["mean"].shape == (len(samples), 349)
    assert sorted(set(zip(arrays["host"].tolist(), arrays["impurity"].tolist(), strict=True))) == [
        ("Ag", "Mn"), ("Ag", "Rh"), ("Fe", "Ag"), ("Fe", "Mn"), ("Fe", "Rh"),
    ]  # fmt: skip  # an atom in its own host is no impurity
    table = jijbench.load_dataset("deltav-elemental").table
    listed = table[(table["site"] == "neighbour") & (table["geometry"] == "Ag-d1")]["distance_bohr"].iloc[0]
    assert arrays["distance"][0] == pytest.approx(listed, rel=1e-3)
    assert "std" not in arrays
    with pytest.raises(DataError, match=r"predictions of impurities are written as \.npz, not '\.csv'"):
        render(bundle, samples, ".csv")


def _own_host(potentials, **changes) -> dict[str, np.ndarray]:
    """Rh in Ag, as a user would give it who has the host from elsewhere."""
    about = json.loads((potentials.folder / "hosts.json").read_text())["Ag"]
    sample = next(s for s in potentials.samples if s.orbit == "Rh-in-Ag")
    potential, (radius, fermi) = sample.inputs["host_potential"], sample.inputs["host_state"]
    given = {
        "host": np.array(["Ag"]), "impurity": np.array(["Rh"]), "v_start": (sample.inputs["start"] + potential)[None],
        "v_host": potential[None], "r_ws_bohr": np.array([radius]), "fermi_energy_ry": np.array([fermi]),
        "structure": np.array(["fcc"]), "lattice_constant_bohr": np.array([about["lattice_constant_bohr"]]),
    }  # fmt: skip
    return given | changes


def test_a_host_and_start_of_the_users_own_give_the_same_as_the_data(bundles, potentials, tmp_path):
    bundle = bundles("impurity-gp")
    np.savez(tmp_path / "own.npz", **_own_host(potentials))
    (own,) = read_samples_for(bundle, tmp_path / "own.npz")
    np.testing.assert_allclose(bundle.predict([own]), bundle.predict(bundle.known.samples("Ag", "Rh")), atol=1e-9)
    (tmp_path / "own.csv").write_text("host,impurity\nAg,Rh\n")
    (named,) = read_samples_for(bundle, tmp_path / "own.csv")
    np.testing.assert_array_equal(bundle.predict([named]), bundle.predict(bundle.known.samples("Ag", "Rh")))


def test_a_new_host_is_answered_and_outside(bundles, potentials, tmp_path):
    bundle = bundles("impurity-gp")
    wider = np.array([8.2])
    np.savez(tmp_path / "own.npz", **_own_host(potentials, lattice_constant_bohr=wider))
    np.savez(tmp_path / "pt.npz", **_own_host(potentials, host=np.array(["Pt"]), lattice_constant_bohr=wider))
    for file, reason in (("own.npz", "host Ag with neighbours at 3.068 Å"), ("pt.npz", "host Pt not in data")):
        samples = read_samples_for(bundle, tmp_path / file)
        assert bundle.domain(samples)[0].startswith(reason)
        assert np.isfinite(bundle.predict(samples)).all()
        assert bundle.known.source(samples[0]) == ("data" if file == "own.npz" else "file")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"v_start": np.full((1, 349), np.nan)}, "v_start is not finite in row 0"),
        ({"v_start": np.zeros((1, 300))}, r"v_start has shape \(1, 300\), expected \(n, 349\); check the mesh"),
        ({"v_host": np.full((1, 349), np.inf)}, "row 1 .*v_host is not finite"),
        ({"structure": np.array(["diamond"])}, "structure 'diamond' is none of fcc, bcc, hcp"),
        ({"structure": np.array(["hcp"])}, "c_over_a"),
        ({"r_ws_bohr": np.array([-1.0])}, "r_ws_bohr is -1.0"),
        ({"host": np.array(["Agg"])}, "'Agg' is no chemical element"),
        ({"impurity": np.array(["Q"])}, "'Q' is no chemical element"),
    ],
)
def test_a_bad_host_is_named(bundles, potentials, tmp_path, changes, reason):
    np.savez(tmp_path / "own.npz", **_own_host(potentials, **changes))
    with pytest.raises(DataError, match=reason):
        read_samples_for(bundles("impurity-gp"), tmp_path / "own.npz")


def test_unknown_hosts_and_atoms_say_what_to_give(bundles):
    known = bundles("impurity-gp").known
    with pytest.raises(DataError, match=r"host 'Bi' is not in the data .*give its crystal and potential"):
        known.grid(["Bi"], ["Mn"])
    with pytest.raises(DataError, match=r"atomic start of Xe is not in the data; give v_start"):
        known.grid(["Ag"], ["Xe"])


@given(st.lists(st.tuples(st.integers(1, 99), st.integers(0, 9)), min_size=1, max_size=5))
def test_ranges_of_shells_are_read(parts):
    text = ",".join(f"{a}-{a + n}" if n else str(a) for a, n in parts)
    assert _numbers(text) == [k for a, n in parts for k in range(a, a + n + 1)]


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (["--shells", "3-1"], "'3-1' is no shell or range"),
        (["--shells", "one"], "'one' is no shell or range"),
        ([], "give either FILE or a grid"),
        (["--hosts", "Ag"], "--hosts does not fit a bundle of dimers"),
    ],
)
def test_wrong_usage_is_said(bundles, args, reason):
    result = CliRunner().invoke(cli, ["predict", str(bundles("low-rank").folder), *args])
    assert result.exit_code == 2
    assert reason in result.output


def test_predict_writes_a_file_and_says_how_many_are_inside(bundles, tmp_path):
    folder, out = str(bundles("pair-gp+moments").folder), tmp_path / "out.csv"
    (tmp_path / "m.csv").write_text("element,moment_mub\nOs,1.2\n")
    args = ["--elements", "Cr,Os", "--shells", "1,6", "--moments", str(tmp_path / "m.csv"), "-o", str(out)]
    result = CliRunner().invoke(cli, ["predict", folder, *args], catch_exceptions=False)
    assert "9 predictions of pair-gp+moments, 3 inside what it was trained on" in result.output
    assert len(out.read_text().splitlines()) == 10
    shown = CliRunner().invoke(cli, ["predict", folder, "--grid"], catch_exceptions=False)
    assert shown.output.splitlines()[0].startswith("element_i,element_j,shell")
    assert len(shown.output.splitlines()) == 1 + 15 * 5


def test_signed_moments_of_the_data_are_kept(whole, tmp_path):
    """A dataset may give a moment its sign; what a user gives beside it is a length."""
    (tmp_path / "m.csv").write_text("element,sublattice,moment_mub\nCr,Bi2,-3.0\n")
    assert read_moments(tmp_path / "m.csv", signed=True) == {("Cr", "Bi2"): -3.0}
