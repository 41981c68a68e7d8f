"""Potential cards: real ones read and written back, random ones round, broken ones refused by line and field."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jijbench.errors import ExportError
from jijbench.formats.kkr_potential import Block, check_same_mesh, n_spins, potential_text, read_blocks

CARDS = Path(__file__).parent / "kkr"
NAMES = sorted(path.name for path in CARDS.glob("*.potential"))
NUMBERS = ["r_mt", "alat", "r_mt_new", "z", "r_ws", "fermi", "v_bc", "a", "b"]


def again(blocks, folder):
    path = folder / "again.potential"
    path.write_text(potential_text(blocks))
    return read_blocks(path)


def same(one: Block, other: Block) -> None:
    assert (one.title, one.inner, one.n_lm) == (other.title, other.inner, other.n_lm)
    assert one.core == other.core
    for name in NUMBERS:
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-14, rel=0), name
    np.testing.assert_allclose(one.v, other.v, rtol=2e-12)
    assert list(one.nonspherical) == list(other.nonspherical)
    for lm, values in one.nonspherical.items():
        np.testing.assert_allclose(values, other.nonspherical[lm], rtol=2e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_real_card_survives(name, tmp_path):
    blocks = read_blocks(CARDS / name)
    for one, other in zip(blocks, again(blocks, tmp_path), strict=True):
        same(one, other)


def test_what_the_cards_hold():
    (cu,) = read_blocks(CARDS / "Cu_host.potential")
    assert (cu.z, cu.alat, len(cu.v), cu.mt_point, len(cu.core)) == (29.0, 6.82191131, 349, 345, 5)
    assert len(read_blocks(CARDS / "Ni_in_Cu.start.potential")) == 13
    cr = read_blocks(CARDS / "Cr_in_Bi2Te3.full.converged.potential")
    assert list(cr[0].nonspherical) == [3, 7, 10, 13, 18, 21]
    assert n_spins(cr, "card") == 2


values = st.one_of(st.just(0.0), st.floats(1e-90, 1e5), st.floats(-1e5, -1e-90))


@given(arrays(float, 349, elements=values), st.floats(1.0, 30.0))
@settings(max_examples=15, deadline=None)
def test_any_potential_goes_round(tmp_path_factory, v, alat):
    (cu,) = read_blocks(CARDS / "Cu_host.potential")
    block = replace(cu, v=v, alat=round(alat, 14))
    (found,) = again([block], tmp_path_factory.mktemp("card"))
    assert abs(found.alat - block.alat) < 1e-11
    np.testing.assert_allclose(found.v, block.v, rtol=1e-12)


def test_a_converged_card_lies_on_its_hosts_mesh():
    (cu,) = read_blocks(CARDS / "Cu_host.potential")
    for block in read_blocks(CARDS / "Ni_in_Cu.converged.potential"):
        check_same_mesh(block, cu, "card")  # the code writes rmt in the place of rmtnew


def test_another_reader_sees_the_same(tmp_path):
    """masci-tools, by which aiida-kkr reads potentials."""
    parsers = pytest.importorskip("masci_tools.io.common_functions", reason="masci-tools is not installed")
    blocks = read_blocks(CARDS / "Ni_in_Cu.start.potential")
    path = tmp_path / "potential"
    path.write_text(potential_text(blocks))
    n, energies, ells = parsers.get_corestates_from_potential(str(path))
    assert list(n) == [len(block.core) for block in blocks]
    for block, found_l, found in zip(blocks, ells, energies, strict=True):
        assert block.core == tuple(zip(found_l.tolist(), found.tolist(), strict=True))
    assert parsers.get_ef_from_potfile(str(path)) == pytest.approx(blocks[0].fermi, abs=1e-9)


@pytest.mark.parametrize(
    ("line", "text", "complaint"),
    [
        (1, "Cu29 nothing", r"line 1: title"),
        (2, "   2.4   abc   2.4", r"line 2: rmt, alat, rmtnew: 'abc'"),
        (2, "   2.4", r"line 2: rmt, alat, rmtnew: 1 numbers, expected 3"),
        (3, " NaN", r"line 3: Z: 'NaN' is no number"),
        (5, "350", "V: "),
        (9, "    0  -x", r"line 9: core state"),
        (13, "  2.401293120719D+01                 NaN", r"line 13: V"),
    ],
)
def test_a_broken_line_is_named(line, text, complaint, tmp_path):
    lines = (CARDS / "Cu_host.potential").read_text().splitlines()
    lines[line - 1] = text
    path = tmp_path / "broken.potential"
    path.write_text("\n".join(lines))
    with pytest.raises(ExportError, match=complaint) as error:
        read_blocks(path)
    assert "broken.potential" in str(error.value)


@pytest.mark.parametrize("kept", [1, 7, 9, 20, 99])
def test_a_truncated_card_is_refused(kept, tmp_path):
    path = tmp_path / "short.potential"
    path.write_text("\n".join((CARDS / "Cu_host.potential").read_text().splitlines()[:kept]))
    with pytest.raises(ExportError, match="truncated"):
        read_blocks(path)


def test_what_the_code_would_stop_at_is_not_written():
    (cu,) = read_blocks(CARDS / "Cu_host.potential")
    with pytest.raises(ExportError, match="not finite"):
        potential_text([replace(cu, v=np.full(349, np.nan))])
    cr = read_blocks(CARDS / "Cr_in_Bi2Te3.full.converged.potential")[0]
    with pytest.raises(ExportError, match="even"):
        potential_text([replace(cr, r_mt_new=cr.b * np.expm1(cr.a * (cr.mt_point - 2)))])
    with pytest.raises(ExportError, match=r"rws .* is not the mesh point 349"):
        potential_text([replace(cu, b=1.001 * cu.b)])
    with pytest.raises(ExportError, match="does not fit"):
        potential_text([replace(cu, v=np.full(349, -1e-100)), replace(cu, v=cu.v * 0 - 1e-300, inner=10, n_lm=25)])


def test_other_meshes_and_wrong_spin_blocks():
    (cu,) = read_blocks(CARDS / "Cu_host.potential")
    with pytest.raises(ExportError, match="alat"):
        check_same_mesh(replace(cu, alat=cu.alat + 3e-9), cu, "Ni")
    with pytest.raises(ExportError, match="nr"):
        check_same_mesh(replace(cu, v=cu.v[:-2]), cu, "Ni")
    cr = read_blocks(CARDS / "Cr_in_Bi2Te3.full.converged.potential")
    for blocks in (cr[::-1], [*cr, cu], cr[:1]):
        with pytest.raises(ExportError, match="SPIN DOWN comes before"):
            n_spins(blocks, "card")
