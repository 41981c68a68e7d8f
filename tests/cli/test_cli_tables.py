"""Tables on a terminal of 80 and 120 columns, without colour, and in a pipe."""

import os
import pty
import re
import subprocess
import sys
from functools import cache
from itertools import pairwise

import pytest

from jijbench.cli._tables import console, print_table

JIJ, DV = "jij-bi2te3/jij/random-orbit", "deltav-elemental/dv/random-orbit"
SHOW = f"""
import pandas as pd
from jijbench.cli._terminal import prepare
from jijbench.cli._tables import echo_page, print_leaderboard
from jijbench.tables.results import official_folder
prepare()
table = pd.read_csv(official_folder() / "leaderboard.csv")
table = table.astype(object).where(table.notna(), None)
table.loc[table["row"] == "gap", "reason"] = "\\x1b]0;title\\x07 it | broke " + 20 * "because of this "
print_leaderboard(table[table["task"].isin([{JIJ!r}, {DV!r}])], table, wide=WIDE)
echo_page("# A page\\n\\n| row | " + " | ".join(f"column {{k}}" for k in range(12)) + " |\\n|---|" + 12 * "---|" +
          "\\n| a\\\\|b | " + " | ".join(12 * ["0.123 [0.1, 0.2]"]) + " |\\n\\n" + 30 * "words of a note ", wide=WIDE)
"""


@cache
def on_terminal(columns: int, wide: bool = False, **more: str) -> str:
    """What a program prints on a terminal of that width."""
    main, side = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")}
    environment |= {"COLUMNS": str(columns), "TERM": "xterm-256color"} | more
    code = SHOW.replace("WIDE", str(wide))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=side, stderr=side, stdin=side, env=environment)
    os.close(side)
    said = b""
    while True:
        try:
            part = os.read(main, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        said += part
    os.close(main)
    assert process.wait(timeout=60) == 0, said.decode()
    return said.decode().replace("\r\n", "\n")


def in_pipe(**more: str) -> str:
    code = SHOW.replace("WIDE", "False")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ | more, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", text)


@pytest.mark.parametrize("columns", [80, 120])
def test_no_line_is_longer_than_the_terminal_is_wide(columns):
    text = on_terminal(columns)
    assert max(map(len, plain(text).splitlines())) <= columns
    for name in ("rank", "row", "MAE magnetic, meV", "RMSE, Ry", "official", "skill", "seconds"):
        assert name in text
    assert re.search(r"^1 +pair-gp\+moments +0\.192 \[0\.109, 0\.340\] +0\.192 +0\.673 +[\d.]+ *$", plain(text), re.M)
    assert re.search(r"^6–7 +low-rank \* +0\.595 ", plain(text), re.M)
    assert re.search(r"^ +gap +\(refused\) ", plain(text), re.M)
    assert r"- gap: refused, \x1b]0;title\x07 it | broke" in plain(text)


@pytest.mark.parametrize("columns", [80, 120])
def test_a_page_drops_the_columns_that_do_not_fit_and_names_them(columns):
    page = plain(on_terminal(columns)).partition("# A page")[2]
    head = next(line for line in page.splitlines() if line.startswith("row"))
    shown = head.split("  ")[1:]
    assert 2 < len([name for name in shown if name.strip()]) < 12
    left = re.search(r"\(not shown for want of room: ([^;]+); --wide\)", " ".join(page.split()))[1].split(", ")
    assert left[-1] == "column 11"
    assert len(left) + len([name for name in shown if name.strip()]) == 12
    assert re.search(r"^a\|b ", page, re.M)


def test_wide_shows_every_column():
    text = plain(on_terminal(80, wide=True))
    for name in ("Spearman", "licence", "by fold", "column 11"):
        assert name in text


def test_colours_only_where_they_are_wanted():
    assert "\x1b[1m" in on_terminal(80)
    assert "\x1b" not in on_terminal(80, NO_COLOR="1")
    assert "\x1b" not in on_terminal(80, TERM="dumb")


def test_a_pipe_gets_a_line_a_row_and_nothing_that_a_terminal_obeys():
    text = in_pipe(COLUMNS="40")
    assert "\x1b" not in text
    assert sum(line.split()[:2] == ["8–24", "coulomb"] for line in text.splitlines()) == 1
    reason, _ = [line for line in text.splitlines() if line.startswith("- gap: ")]
    assert reason.endswith("because of this")
    assert "| column 11 |" in text  # pages stay Markdown


def test_styles_are_ones_that_light_and_dark_terminals_show():
    styles = set(re.findall(r"\x1b\[([\d;]*)m", on_terminal(80)))
    assert styles <= {"0", "1"}


def test_columns_are_dropped_from_the_right_until_the_rest_fits(monkeypatch):
    out = console()
    heads = ["rank", "row", "headline", "skill"]
    lefts = []
    for width in range(80, 8, -1):
        out.width = width
        with out.capture() as said:
            lefts.append(print_table(out, heads, [["1–2", "a-row", "0.1 [0.0, 0.2]", "0.5"]]))
        assert max(len(line.rstrip()) for line in said.get().splitlines()) <= max(width, 11)
    assert lefts[0] == []
    assert lefts[-1] == ["headline", "skill"]
    assert all(len(a) <= len(b) for a, b in pairwise(lefts))
