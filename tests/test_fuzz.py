"""Every parser takes damaged files, other ones every day; ``fuzz.py`` repeats a run, or tries more."""

import io
import os
from pathlib import Path

import numpy as np
import pytest

from fuzz import FEW, READ, REFUSED, Subject, faults, mutants, seed_of_today, taken
from fuzz_files import SUBJECTS
from jijbench.errors import DataError, JijbenchError

MUTANTS = int(os.environ.get("JIJBENCH_FUZZ_MUTANTS") or FEW)


@pytest.mark.parametrize("name", SUBJECTS)
def test_damaged_files_are_read_or_refused_in_one_line(name):
    found = faults(SUBJECTS[name](), MUTANTS, seed_of_today())
    assert not found, "\n".join([f"{len(found)} of {MUTANTS}; JIJBENCH_FUZZ_SEED={seed_of_today()} repeats it", *found])


@pytest.mark.parametrize("name", SUBJECTS)
def test_the_good_file_is_read(tmp_path, name):
    subject = SUBJECTS[name]()
    (tmp_path / subject.file).write_bytes(subject.good)
    subject.read(tmp_path / subject.file)


class Raw(JijbenchError):
    """An error that shows its text as it is."""

    def __str__(self):
        return Exception.__str__(self)


def raises(error):
    def read(path):
        raise error

    return read


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("a"), "KeyError"),
        (Raw("a\nb"), "several lines"),
        (Raw("\x1b[2J"), "not printable"),
        (DataError("one line"), REFUSED),
        (DataError("a\nb \x1b[2J"), REFUSED),  # shown as escapes
    ],
)
def test_what_a_parser_must_not_do_is_found(tmp_path, error, words):
    assert words in taken(Subject("bad", b"x", "x", raises(error)), b"x", tmp_path)


def test_a_parser_that_takes_everything_is_found(tmp_path):
    subject = Subject("all", b"x", "x", Path.read_bytes)
    assert taken(subject, b"x", tmp_path) == READ
    assert faults(subject, FEW, 1) == [f"all: seed 1: not one of {FEW} mutants was refused"]


def test_a_parser_that_does_not_answer_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("fuzz.SECONDS", 0.2)

    def endless(path):
        while True:
            pass

    assert "still running after 0.2 s" in taken(Subject("endless", b"x", "x", endless), b"x", tmp_path)


def test_a_seed_gives_the_same_mutants_and_another_one_others():
    buffer = io.BytesIO()
    np.savez(buffer, a=np.eye(3))
    yaml, arrays = (
        Subject("s", b"a: 1\nb: [2, 3]\n" * 5, "x.yaml", print),
        Subject("s", buffer.getvalue(), "x.npz", print),
    )
    for subject in (yaml, arrays):
        one, again, other = (list(mutants(subject, 20, seed)) for seed in (1, 1, 2))
        assert one == again != other
        assert sum(mutant != subject.good for mutant in one) > 15
