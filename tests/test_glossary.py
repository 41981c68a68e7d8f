"""Words from their one source, the page; and pages that cite only what is there."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from jijbench.cli import cli
from jijbench.context import home
from jijbench.errors import UnknownName
from jijbench.glossary import entries, explain


@pytest.mark.parametrize("word", ["row", "cell", "orbit", "twin", "floor", "hyper", "skill", "rank", "shell", "record"])
def test_words_that_tables_and_commands_use_are_explained(word):
    assert len(explain(word).meaning) > 40
    assert explain(f"{word.capitalize()}s") == explain(word)


def test_every_paragraph_of_the_page_but_the_first_two_is_an_entry():
    paragraphs = (home("docs") / "glossary.md").read_text(encoding="utf-8").strip().split("\n\n")
    assert len(entries()) == len(paragraphs) - 2
    words = [entry.word.lower() for entry in entries()]
    assert words == sorted(words)


def test_a_twin_is_explained_where_orbits_are():
    assert explain("twin").word == "orbit"
    assert "No split parts an orbit" in explain("twin").meaning


def test_an_unknown_word_suggests_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'floor'"):
        explain("flor")


def test_the_command_names_pages_by_where_they_lie():
    told = CliRunner().invoke(cli, ["explain", "adapter"])
    assert told.exit_code == 0, told.output
    page = re.search(r"\((\S+\.md)\)", told.output)[1]
    assert Path(page).is_file()
    assert len(CliRunner().invoke(cli, ["explain"]).output.splitlines()) == len(entries())
