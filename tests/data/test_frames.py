"""Extended XYZ of others: an error names file, frame, atom and what is wrong there."""

import io

import numpy as np
import pytest
from ase import Atoms
from ase.io import write
from hypothesis import given, settings
from hypothesis import strategies as st

from jijbench import limits
from jijbench.data.frames import read_frames
from jijbench.elements import SYMBOLS
from jijbench.errors import DataError

HEAD = 'Properties=species:S:1:pos:R:3:impurity:I:1 pbc="F F F"'
GOOD = f"2\n{HEAD}\nCr 0 0 0 1\nMn -4.38531 0 0 2\n"


def second(row="Mn -4.4 0 0 2", head=HEAD, count="2"):
    """A good frame, then one with a changed line."""
    return f"{GOOD}{count}\n{head}\nCr 0 0 0 1\n{row}\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (second("D -4.4 0 0 2"), "frame 2: atom 2: 'D' is no chemical element (deuterium is H here)"),
        (second("T -4.4 0 0 2"), "frame 2: atom 2: 'T' is no chemical element"),
        (second("X -4.4 0 0 2"), "frame 2: atom 2: 'X' is no chemical element (leave vacancies"),
        (second("Vac -4.4 0 0 2"), "frame 2: atom 2: 'Vac' is no chemical element"),
        (second("mn -4.4 0 0 2"), "frame 2: atom 2: 'mn' is no chemical element"),
        (second("25 -4.4 0 0 2"), "frame 2: atom 2: '25' is no chemical element"),
        (second("Mn -4.4D+00 0 0 2"), "frame 2: atom 2: pos has '-4.4D+00' with a Fortran exponent; write -4.4E+00"),
        (second("Mn nan 0 0 2"), "frame 2: atom 2: pos has 'nan', not a finite number"),
        (second("Mn 1e999 0 0 2"), "frame 2: atom 2: positions is [inf, 0.0, 0.0], not finite"),
        (second("Mn -4,4 0 0 2"), "frame 2: atom 2: pos has '-4,4'"),
        (second("Mn -4.4 0 0 1.5"), "frame 2: atom 2: impurity has '1.5', not a whole number of up to 9 digits"),
        (second("Mn -4.4 0 0 4294967298"), "frame 2: atom 2: impurity has '4294967298', not a whole number of up"),
        (second("Mn -4.4 0 0 99999999999999999999"), "not a whole number of up to 9 digits"),
        (second("Mn -4.4 0 0"), "frame 2: atom 2 has 4 columns"),
        (
            second(count="100000000000000000000000"),
            "frame 2: line 5 promises 100000000000000000000000 atoms, the limit",
        ),
        (second(count="3"), "frame 2: line 5 promises 3 atoms, 2 lines are there"),
        (second(count="0"), "frame 2: line 5 promises 0 atoms"),
        (second(count="-2"), "frame 2: line 5 is '-2', expected the number of atoms"),
        (second(count="2.0"), "frame 2: line 5 is '2.0'"),
        (second(head=HEAD + " host=a host=b"), "frame 2: its comment line gives 'host' 2 times"),
        (second(head=HEAD + ' host="a'), "frame 2: its comment line has a quote that is not closed"),
        (second(head="Properties=species:S:1:pos:R:3:pos:R:3"), "names once each"),
        (second(head="Properties=species:S:1:pos:R"), "is no list of name:kind:number"),
        (second(head="Properties=species:S:1:impurity:I:1"), "lacks species:S:1 or pos:R:3"),
        (second(head=HEAD + ' Lattice="1e999 0 0 0 1 0 0 0 1"'), "frame 2: its Lattice is"),
        (second(head=HEAD + ' Lattice="1 0 0"'), "frame 2 cannot be read"),
        ("1\nProperties=Z:I:1:pos:R:3\n0 0 0 0\n", "frame 1: atom 1: Z = 0 is no chemical element"),
        ("1\nProperties=Z:I:1:pos:R:3\n300 0 0 0\n", "frame 1"),
        ("", "frame 1: line 1 is '', expected the number of atoms"),
        ("2\n", "frame 1: line 1 promises 2 atoms, 0 lines are there"),
    ],
)
def test_what_is_wrong_is_named_with_frame_and_atom(tmp_path, text, words):
    (tmp_path / "x.extxyz").write_text(text)
    with pytest.raises(DataError) as refused:
        read_frames(tmp_path / "x.extxyz")
    assert "x.extxyz" in str(refused.value)
    assert words in str(refused.value)


@pytest.mark.parametrize("change", [lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n"), lambda t: t + "\n \n"])
def test_byte_order_mark_line_ends_of_windows_and_empty_last_lines_are_read(tmp_path, change):
    (tmp_path / "x.extxyz").write_bytes(change(second()).encode())
    found = read_frames(tmp_path / "x.extxyz")
    assert [frame.symbols.get_chemical_formula() for frame in found] == ["CrMn", "CrMn"]
    assert found[1].positions[1].tolist() == [-4.4, 0, 0]
    assert found[1].arrays["impurity"].tolist() == [1, 2]


def test_a_frame_of_more_atoms_than_the_limit_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "ATOMS", 1)
    (tmp_path / "x.extxyz").write_text(GOOD)
    with pytest.raises(DataError, match="frame 1: line 1 promises 2 atoms, the limit is 1"):
        read_frames(tmp_path / "x.extxyz")


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(SYMBOLS), *[st.floats(-99, 99)] * 3), min_size=1, max_size=5),
        min_size=1, max_size=3,
    )
)  # fmt: skip
def test_what_ase_writes_comes_back(tmp_path_factory, frames):
    path, text = tmp_path_factory.mktemp("x") / "x.extxyz", io.StringIO()
    made = [Atoms([row[0] for row in rows], [row[1:] for row in rows], cell=np.eye(3) * 9) for rows in frames]
    write(text, made, format="extxyz")
    path.write_text(text.getvalue())
    for again, atoms in zip(read_frames(path), made, strict=True):
        assert again.get_chemical_symbols() == atoms.get_chemical_symbols()
        np.testing.assert_allclose(again.positions, atoms.positions, atol=1e-8)
        np.testing.assert_array_equal(again.cell, atoms.cell)
