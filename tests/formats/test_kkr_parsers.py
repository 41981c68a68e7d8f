"""KKR files that are cut, empty or none: read with the same numbers, or refused in one line (others: ``test_fuzz``)."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz_files import SUBJECTS
from jijbench.errors import DataError, ExportError
from jijbench.formats.kkr_potential import read_blocks
from jijbench.formats.kkr_text import as_number, decimals

CARDS = Path(__file__).parent / "kkr"
PARSERS = [name for name in SUBJECTS if name.startswith(("KKR", "predicted"))]


@pytest.mark.parametrize("name", [name for name in PARSERS if name != "KKR log"])
@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\x00", b"\x00" * 99, b"0", b"#", b"\xef\xbb\xbf"])
def test_odd_files_give_one_line(name, content, tmp_path):
    parser = SUBJECTS[name]()
    (tmp_path / parser.file).write_bytes(content)
    with pytest.raises((DataError, ExportError)) as error:
        parser.read(tmp_path / parser.file)
    assert str(error.value).isprintable()


@pytest.mark.parametrize("name", ["KKR card", "KKR scoef", "KKR atominfo"])
def test_a_file_that_is_not_there_is_named(name, tmp_path):
    with pytest.raises(ExportError, match=r"nowhere: No such file"):
        SUBJECTS[name]().read(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["KKR card", "KKR scoef", "KKR atominfo"])
def test_devices_and_folders_are_not_read(name, tmp_path):
    for path in (Path("/dev/zero"), tmp_path):
        with pytest.raises(ExportError, match="a folder or a device"):
            SUBJECTS[name]().read(path)


@given(st.floats(-1e90, 1e90), st.integers(3, 16))
@settings(max_examples=200, deadline=None)
def test_any_number_is_read_as_it_was_written(value, digits):
    word = f"{value:.{digits}E}"
    assert as_number(word.replace("E", "D")) == float(word)
    assert decimals(word) == max(0, digits - int(word.partition("E")[2]))


def test_no_cut_line_end_passes(tmp_path):
    """Every line of a card cut by every length: refused, or nothing changed that was printed to eight decimals."""
    path = tmp_path / "card"
    lines = (CARDS / "Cu_host.potential").read_text().splitlines()
    (right,) = read_blocks(CARDS / "Cu_host.potential")
    passed = 0
    for k, line in enumerate(lines[:20]):
        for cut in range(1, len(line) + 1):
            path.write_text("\n".join([*lines[:k], line[:-cut], *lines[k + 1 :]]) + "\n")
            try:
                (found,) = read_blocks(path)
            except ExportError:
                continue
            passed += 1
            np.testing.assert_array_equal(found.v, right.v)
            assert found.core == right.core
            for name in ("r_mt", "alat", "r_mt_new", "z", "r_ws", "fermi", "v_bc", "a", "b"):
                assert getattr(found, name) == pytest.approx(getattr(right, name), rel=0, abs=1e-8), (k, cut, name)
    assert passed  # blanks at the end of a line, and what follows the title


@pytest.mark.parametrize("name", ["Cu_host.potential", "Cr_in_Bi2Te3.full.converged.potential"])
def test_no_truncation_passes(name, tmp_path):
    data, path = (CARDS / name).read_bytes().rstrip(), tmp_path / "card"
    for k in [*range(len(data) - 45, len(data)), *range(0, len(data), len(data) // 40)]:
        path.write_bytes(data[:k])
        with pytest.raises(ExportError):
            read_blocks(path)


@pytest.mark.parametrize(
    ("column", "complaint"),
    [
        ("  2.097213429280D+0 ", "no number with an exponent"),  # the exponent cut
        ("  2.0972134292800+02", "no number with an exponent"),  # no letter, two digits
        ("   20200947203413D+02", "81 characters"),
        ("   2020094720341D+02", "no number with an exponent"),  # digits shifted over the point
        ("    2.09721342928D+02", "81 characters"),
        ("   2.09721342928D+02", "decimals; one was cut"),  # a digit fewer than its neighbours
        (" 2.097213429280D+02 ", "no number with an exponent"),  # shifted by a column
        ("                    ", "no number with an exponent"),
        ("********************", "no number with an exponent"),
        (" 2.097213429280D+999", "not finite"),
    ],
)
def test_columns_are_read_by_their_width(column, complaint, tmp_path):
    lines = (CARDS / "Cu_host.potential").read_text().splitlines()
    path = tmp_path / "card"
    path.write_text("\n".join([*lines[:14], lines[14][:20] + column + lines[14][40:], *lines[15:]]))
    with pytest.raises(ExportError, match=r"line 15: V: .*" + complaint):
        read_blocks(path)


def test_numbers_as_fortran_writes_them(tmp_path):
    assert [as_number(word) for word in ("1.5D+02", "1.5d2", "-.5", "5.", "1.5-101")] == [150, 150, -0.5, 5, 1.5e-101]
    assert all(np.isnan(as_number(word)) for word in ("", "1,5", "0x10", "1_000", "nan", "inf", "2*0.5", "1.5D"))
    assert [decimals(word) for word in ("1.50D-02", "29", "0.5000", "1.5E+03")] == [4, 0, 4, 0]
    text = (CARDS / "Cu_host.potential").read_bytes()
    (tmp_path / "card").write_bytes(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    np.testing.assert_array_equal(read_blocks(tmp_path / "card")[0].v, read_blocks(CARDS / "Cu_host.potential")[0].v)
