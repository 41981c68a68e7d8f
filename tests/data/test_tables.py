import csv
import io
import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jijbench.data.dialect import decimal_sign
from jijbench.data.tables import as_symbol, number, read_table_of_user, table_of_frame
from jijbench.errors import DataError

ROWS = [["a", "J", "shell"], ["Cr", "8.7", "1"], ["Mn", "-0.25", "2"]]
TEXT = "a,J,shell\nCr,8.7,1\nMn,-0.25,2\n"


def read(folder, content, **options):
    path = folder / "t.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table_of_user(path, **options)


def is_the_table(table):
    assert list(table.columns) == ["a", "J", "shell"]
    assert table.elements("a") == ["Cr", "Mn"]
    np.testing.assert_array_equal(table.numbers("J", "shell"), [[8.7, 1], [-0.25, 2]])


@pytest.mark.parametrize(
    "content",
    [
        TEXT.replace(",", "\t"),
        TEXT.replace(",", ";"),
        TEXT.replace(",", ";").replace(".", ","),
        TEXT.replace(",", "\t").replace(".", ","),
        TEXT.replace(",", "  "),
        "   " + TEXT.replace(",", " \t ").replace("\n", " \n  "),
        TEXT.replace(",", ", "),
        "sep=;\n" + TEXT.replace(",", ";"),
        TEXT.replace(",", ",\t"),
        TEXT.replace(",", " , "),
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("\n", "\r"),
        TEXT.rstrip("\n"),
        "# J of my runs, in meV\n\n" + TEXT.replace("Mn", "  # a comment\nMn") + "\n  \n",
        "\ufeff" + TEXT,
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        ("# Jülich\n" + TEXT).encode("latin-1"),
        ("# 4.4 Å – 11 Å\n" + TEXT).encode("cp1252"),
        TEXT.replace("8.7", "0.87D+01").replace("-0.25", "-2.5d-1"),
        TEXT.replace("8.7", "+8.70").replace("-0.25", "\N{MINUS SIGN}.25"),
        TEXT.replace("Cr", '"Cr"').replace("8.7", '"8.7"'),
        TEXT.replace("\n", ",\n"),  # a nameless, empty last column
        TEXT.replace("Cr", "24").replace("Mn", "25.0"),
        'a,J,shell\nCr,"8,7",1\nMn,"-0,25",2\n',
    ],
)
def test_every_dialect_gives_the_same_table(tmp_path, content):
    is_the_table(read(tmp_path, content))


PLAIN = st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.floats(-1e6, 1e6, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-6), min_size=1),
    label=PLAIN, separator=st.sampled_from(",;\t "), comma=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    end=st.sampled_from(["\n", "\r\n"]), fortran=st.booleans(),
)  # fmt: skip
def test_numbers_and_labels_come_back_from_any_dialect(
    tmp_path_factory, values, label, separator, comma, encoding, end, fortran
):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=end)
    writer.writerow(["label", "J"])
    for value in [*values, 0.5]:  # 0.5: a number with a decimal sign that is no thousand
        shown = f"{value:.12e}".replace("e", "D") if fortran else f"{value:.9f}"
        writer.writerow([label, shown.replace(".", ",") if comma else shown])
    table = read(tmp_path_factory.mktemp("t"), text.getvalue().encode(encoding))
    np.testing.assert_allclose(table.numbers("J")[:-1, 0], values, atol=1e-9, rtol=1e-12)
    assert len(set(table.text("label"))) == 1


def test_names_are_the_same_in_any_spelling(tmp_path):
    table = read(tmp_path, "a,m (\N{MICRO SIGN}B),d (A\N{COMBINING RING ABOVE}),e (\N{ANGSTROM SIGN})\nCr,3,4,5\n")
    greek = "m (\N{GREEK SMALL LETTER MU}B)"
    assert table.numbers(greek)[0, 0] == table.numbers("m (\N{MICRO SIGN}B)")[0, 0] == 3
    assert table.numbers("d (Å)", "e (Å)").tolist() == [[4, 5]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no rows"),
        ("# only this\n", "has no rows"),
        ("a,J,J\nCr,1,2\n", "the column J stands twice, as columns 2 and 3"),
        ("a,J, J \nCr,1,2\n", "the column J stands twice"),
        ("m\N{MICRO SIGN},m\N{GREEK SMALL LETTER MU}\n1,2\n", "stands twice"),
        (TEXT.replace("Mn,-0.25,2", "Mn,-0.25"), r"row 2 \(line 3\) has 2 fields, the header 3, separated by commas"),
        ("\n# x\n" + TEXT.replace("Cr,8.7,1", "Cr,8.7,1,"), r"row 1 \(line 4\) has 4 fields"),
        (TEXT.replace("8.7", "8,7"), r"row 1 \(line 2\) has 4 fields.*decimal comma"),
        (TEXT.replace("8.7", '"8.7'), r"line 2: a quote is opened and not closed \('Cr,\"8\.7,1'\)"),
        ('a,J\nCr,"8.7\nMn,9\nFe,"10\n', "line 2: a quote is opened"),
        (TEXT.replace("Cr", '"C"r'), "line 2"),
        ('"a\n(symbol)",J\nCr,1\n', "line 1: a quote is opened"),
        ("a,J,shell\nCr;8.7;1\n", r"row 1 \(line 2\) has 1 fields"),
        (TEXT.encode() + b"\0", "line 4 holds the control character"),
        (b"PK\x03\x04\x14\x00\x06\x00", "no text"),
        (b"\xff\xfea", "begins like utf-16 and is none"),
        ("a,J,shell\nCr,8.7,1\x1a\n", r"line 2 holds the control character '\\x1a'"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, content)


def test_a_folder_a_device_or_nothing_is_no_table(tmp_path):
    for path, message in ((tmp_path, "no plain file|Is a directory"), (tmp_path / "no", "cannot be read")):
        with pytest.raises(DataError, match=message):
            read_table_of_user(path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="no plain file"):
        read_table_of_user(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("nan", "no finite number"),
        ("inf", "no finite number"),
        ("-Infinity", "no finite number"),
        ("1e400", "beyond the range"),
        ("1D-400", "beyond the range"),
        ("True", "no finite number"),
        ("2026-01-02", "no finite number"),
        ("1_000", "no finite number"),
        ("0x10", "no finite number"),
        ("٣", "no finite number"),
        ("1.5+02", "no finite number"),
        ("8.7 meV", "no finite number"),
        ("1 000", "no finite number"),
        ("8,7", "decimal comma"),
        ("1,234.5", "no finite number"),
        (True, "no number"),
        (np.True_, "no number"),
        (None, "empty"),
        (float("nan"), "empty"),
        (pd.NA, "empty"),
        (1j, "no finite number"),
        (pd.Timestamp("2026-01-02"), "no number"),
        (np.timedelta64(1, "D"), "no number"),
        (np.inf, "no finite number"),
        ([1.0], "no finite number"),
    ],
)
def test_what_is_no_number_says_why(text, reason):
    with pytest.raises(ValueError, match=reason):
        number(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_to_the_last_digit(value):
    assert number(repr(value)) == number(value) == value


@pytest.mark.parametrize("text", ["1.5", "1e23", "2147483648", "-1e10", "0.5"])
def test_what_is_no_whole_number_is_refused(text):
    assert number("7", whole=True) == number("7.0", whole=True) == 7
    with pytest.raises(ValueError, match="no whole number"):
        number(text, whole=True)


def test_a_bad_number_is_named_with_file_row_and_column(tmp_path):
    table = read(tmp_path, TEXT.replace("-0.25", "x"))
    with pytest.raises(DataError, match=r"t\.csv: row 2 \(a=Mn, J=x, shell=2\): J is 'x', no finite number"):
        table.numbers("shell", "J")
    with pytest.raises(DataError, match=r"row 1 .*J is 'Cr'|row 1 .*a is 'Cr'"):
        table.numbers("a")
    with pytest.raises(DataError, match=r"row 2 .*J is 'x', no chemical element"):
        read(tmp_path, TEXT.replace("8.7", "Fe").replace("-0.25", "x")).elements("J")
    with pytest.raises(DataError, match=r"lacks the columns \['j'\]; it has \['a', 'J', 'shell'\]"):
        table.numbers("j")
    holes = read(tmp_path, TEXT.replace("8.7", ""))
    assert np.isnan(holes.numbers("J", blank=True)).tolist() == [[True], [False]]
    with pytest.raises(DataError, match=r"row 1 .*J is '', empty"):
        holes.numbers("J")


@pytest.mark.parametrize(
    ("cells", "sign"),
    [
        ([["8,7", "1"]], ","), ([["8.7", "8,7"]], "."), ([["1,234", "5,678"]], "."), ([["1,234", "0,5"]], ","),
        ([["1,5D+02"]], ","), ([["Cr", "1"]], "."),
    ],
)  # fmt: skip
def test_the_decimal_sign_is_the_comma_only_where_it_cannot_be_a_thousand(cells, sign):
    assert decimal_sign(cells) == sign


def test_a_comma_that_may_be_a_thousand_is_refused(tmp_path):
    table = read(tmp_path, "a;J\nCr;1,234\n")
    with pytest.raises(DataError, match=r"J is '1,234', a decimal comma .*or a thousand"):
        table.numbers("J")


def test_a_file_without_header_has_numbered_columns(tmp_path):
    table = read(tmp_path, "3 rows follow\n 1 2  8.7\n 1 2 -0.25\n", header=False, skip=1)
    assert list(table.columns) == ["1", "2", "3"]
    assert table.numbers("3")[:, 0].tolist() == [8.7, -0.25]
    assert read(tmp_path, "1,5 2,5 3\n1,5 2,5 4\n", header=False).numbers("2", "3").tolist() == [[2.5, 3], [2.5, 4]]
    with pytest.raises(DataError, match=r"row 2 \(line 3\) has 2 fields, the first row 3"):
        read(tmp_path, "x\n 1 2  8.7\n 1 2\n", header=False, skip=1)


def test_symbols_and_atomic_numbers_are_one():
    assert [as_symbol(text) for text in ("Fe", "26", "26.0", "26,0", "0", "300", "Xx")] == [
        "Fe", "Fe", "Fe", "Fe", "0", "300", "Xx",
    ]  # fmt: skip


def test_a_data_frame_is_checked_alike():
    frame = pd.DataFrame({"a": [24, 25], "J": [8.7, -0.25], "shell": [1, 2]})
    is_the_table(table_of_frame(frame, "frame"))
    with pytest.raises(DataError, match=r"frame: row 2 .*J is '', empty"):
        table_of_frame(frame.assign(J=[1.0, np.nan]), "frame").numbers("J")
    with pytest.raises(DataError, match="the column J stands twice"):
        table_of_frame(pd.concat([frame, frame[["J"]]], axis=1), "frame")
