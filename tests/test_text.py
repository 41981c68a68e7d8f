"""Text of others where it is shown: nothing of it is obeyed, ends a cell or is a formula; no secret is told."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jijbench.text import address, markdown, no_formula, one_line, printable, visible, without_formulas, without_secrets

ANY = st.text(st.characters(codec="utf-8"))
#: what terminals obey: C0 (line ends and tabs apart), DEL, C1, and what turns the order of letters around
OBEYED = {*map(chr, [*range(9), *range(11, 32), *range(127, 160)]), *"\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;pwned\x07", r"\x1b[2J\x1b]0;pwned\x07"),
        ("a\rb\x7f", r"a\x0db\u007f"),
        ("\x9b31m", r"\u009b31m"),
        ("two\nlines\tand − Å", "two\nlines\tand − Å"),
        ("gpj.\u202eexe", r"gpj.\u202eexe"),
    ],
)
def test_what_a_terminal_would_obey_is_seen(text, shown):
    assert visible(text) == shown


@given(ANY)
def test_nothing_is_obeyed(text):
    assert not OBEYED & set(visible(text))
    assert visible(visible(text)) == visible(text)
    assert not {"\n", "\t", *OBEYED} & set(one_line(text))
    assert printable(text).isprintable()


@given(ANY)
def test_a_cell_of_a_markdown_table_stays_one(text):
    line = f"| {markdown(text)} | end |"
    ends = [k for k, letter in enumerate(line) if letter == "|" and (k - len(line[:k].rstrip("\\"))) % 2 == 0]
    assert len(ends) == 3  # a bar after an even number of backslashes
    assert "\n" not in line
    assert "<" not in line
    assert "](" not in line


def test_markdown_of_an_attack_and_of_plain_words():
    assert markdown("x\n\n| 1 | <img src=x>") == r"x \| 1 \| &lt;img src=x>"
    assert markdown(r"C:\new|") == r"C:\\new\|"
    assert markdown("[see](http://x)") == r"[see]\(http://x)"
    assert markdown("needs dscribe, not installed: pip install -e x[dscribe]") == (
        "needs dscribe, not installed: pip install -e x[dscribe]"
    )


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_is_no_formula(text):
    assert no_formula(text)[0] == "'"
    assert no_formula(no_formula(text)) == no_formula(text)


@pytest.mark.parametrize("value", [-1, -1.5, np.float64(-2), None, "MIT", "", "a=b"])
def test_numbers_and_plain_texts_are_themselves(value):
    assert no_formula(value) is value or no_formula(value) == value


def test_a_table_for_people_keeps_its_numbers():
    table = pd.DataFrame(
        {"reason": ["=1+1", None], "mae": [-1.5, np.nan], "n": [-3, 4], "any": [-2, "-x"]}, dtype=object
    )
    table["mae"], table["n"] = table["mae"].astype(float), table["n"].astype(int)
    text = without_formulas(table).to_csv(index=False, float_format="%.6g")
    assert list(csv.reader(io.StringIO(text))) == [
        ["reason", "mae", "n", "any"], ["'=1+1", "-1.5", "-3", "-2"], ["", "", "4", "'-x"],
    ]  # fmt: skip


URLS = [
    "postgresql://bench:GEHEIM@127.0.0.1:5432/j", "mysql+pymysql://u:GE@GEHEIM@h/d", "postgresql://u:a/GEHEIM@h/d",
    "postgresql://u:%47EHEIM@h/d", "postgresql://h/d?user=u&password=GEHEIM", "sqlite:///x.db?pwd=GEHEIM",
    "mssql+pyodbc:///?odbc_connect=DRIVER%3DX%3BPWD%3DGEHEIM", "redis://:GEHEIM@h:6379/0",
]  # fmt: skip


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    "said", ["could not connect to {url}", "login of u with GEHEIM failed", "{url}: {url} (GEHEIM@h)"]
)
def test_no_secret_of_an_address_is_told(url, said):
    assert "GEHEIM" not in address(url)
    told = without_secrets(said.format(url=url), url)
    assert "GEHEIM" not in told
    assert "EHEIM" not in told
    assert "***" in told


@pytest.mark.parametrize("url", ["postgresql://bench@h:5432/j", "sqlite:////tmp/a@b.db", "/shared/study.log"])
def test_an_address_without_secrets_is_told_whole(url):
    assert address(url) == url
    assert without_secrets(f"no route to {url}", url) == f"no route to {url}"
