"""Two leaderboards cell by cell."""

import pytest
from click.testing import CliRunner

from jijbench.cli import cli
from jijbench.errors import DataError
from jijbench.tables.exact import Difference, differences, read_table
from jijbench.tables.results import official_folder

TABLE = "task,row,mae,adapter,note\na/b/c,one,0.123456,soap,\na/b/c,two,,gap,slow\n"


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def table(tmp_path):
    return written(tmp_path / "a.csv", TABLE)


def compared(a, b, **more):
    return differences(read_table(a), read_table(b), **more)


def test_a_table_equals_itself_whichever_version_wrote_it(table, tmp_path):
    old = TABLE.replace("task,row,mae,adapter", "task,adapter,mae,model")
    assert compared(table, table) == []
    assert compared(table, written(tmp_path / "b.csv", old)) == []


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("0.123456", "0.123457", ("a/b/c", "one", "mae", "0.123456", "0.123457")),
        ("gap,slow", "gap,slower", ("a/b/c", "two", "note", "slow", "slower")),
        ("two,,gap", "two,0,gap", ("a/b/c", "two", "mae", "", "0")),
        ("a/b/c,two,,gap,slow\n", "", ("a/b/c", "two", "row", "two", None)),
        (",note", ",remark", ("a/b/c", "one", "note", "", None)),
    ],
)
def test_every_kind_of_difference_is_named(table, tmp_path, old, new, where):
    other = written(tmp_path / "b.csv", TABLE.replace(old, new))
    assert Difference(*where) in compared(table, other)


def test_digits_decide_what_is_the_same_number(table, tmp_path):
    other = written(tmp_path / "b.csv", TABLE.replace("0.123456", "0.123459"))
    assert len(compared(table, other)) == 1
    assert compared(table, other, digits=4) == []


@pytest.mark.parametrize("text", ["", "x,y\n1,2\n", TABLE + "a/b/c,one,1,soap,\n"])
def test_what_is_no_leaderboard_is_refused(tmp_path, text):
    with pytest.raises(DataError, match="no leaderboard"):
        read_table(written(tmp_path / "b.csv", text))


def test_the_command_ends_with_1_where_a_cell_differs(table, tmp_path):
    other = written(tmp_path / "b.csv", TABLE.replace("0.123456", "0.2"))
    same, differs = (CliRunner().invoke(cli, ["compare", str(table), str(b), "--exact"]) for b in (table, other))
    assert same.exit_code == 0
    assert differs.exit_code == 1
    assert "a/b/c one mae: 0.123456 → 0.2" in differs.output


def test_the_official_folder_is_its_own_equal():
    assert compared(official_folder(), official_folder()) == []
