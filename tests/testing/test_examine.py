"""Running the contract: what is decided before import, what an exception becomes, how the report reads."""

import re
from pathlib import Path
from typing import ClassVar

import pytest
from click.testing import CliRunner

from jijbench.cli import cli
from jijbench.errors import DataError, MissingExtra, UnknownName
from jijbench.targets import DV, JIJ, Curve
from jijbench.testing import bad, flawed
from jijbench.testing.checks import CHECKS
from jijbench.testing.contract import Contract, asks, check_all, examine
from jijbench.testing.report import report
from jijbench.testing.sound import Sound
from jijbench.testing.subject import Subject

SOUND = "jijbench.testing.sound:Sound"


def test_a_missing_extra_and_an_unknown_name_are_errors_and_no_report():
    with pytest.raises(MissingExtra, match="pip install jijbench-no-such-distribution"):
        examine("jijbench.testing.bad:NotInstalled")
    with pytest.raises(UnknownName, match="did you mean 'soap'"):
        examine("sope")
    with pytest.raises(UnknownName, match="kind of inputs"):
        examine(SOUND, inputs="structur")


def test_an_import_that_breaks_is_a_failed_check(tmp_path, monkeypatch):
    (tmp_path / "breaks_when_imported.py").write_text("raise ArithmeticError('no luck')\n")
    monkeypatch.syspath_prepend(tmp_path)
    contract = examine("breaks_when_imported:Model")
    assert [outcome.check for outcome in contract.failed] == ["import"]
    assert contract.failed[0].reason == "ArithmeticError: no luck (breaks_when_imported.py, line 1)"
    assert {outcome.status for outcome in contract.outcomes[1:]} == {"not reached"}
    assert "| fit | not reached (import failed) |" in report(contract)


def test_a_failed_ground_is_not_repeated_by_what_stands_on_it():
    found = {outcome.check: outcome for outcome in check_all(Subject(bad.Raising))}
    assert found["fit"].reason.startswith("ArithmeticError: this model always raises (bad.py, line ")
    assert found["seed"].status == "not reached"
    assert found["search"].status == "passed"


def test_a_model_that_does_not_come_to_an_end_is_stopped():
    check_all(Subject(Sound))  # imports are not what is timed
    found = {outcome.check: outcome for outcome in check_all(Subject(bad.Slow, seconds=0.1))}
    assert found["fit"].reason == "was still running after 0.5 s and was stopped"
    assert found["fit"].seconds < 5


def test_the_report_says_what_was_checked_and_what_is_wrong():
    contract = examine("jijbench.testing.flawed:ReadsFrame", {"ridge": 0.01}, inputs="structure+moments")
    text = report(contract)
    assert text.startswith(
        "# Contract of `jijbench.testing.flawed:ReadsFrame`\n\n**It does not hold**: 28 passed, 1 failed, 6 excused"
    )
    assert "- hypers: ridge = 0.01\n" in text
    assert "- target: jij\n- inputs: structure+moments\n" in text
    assert "- **rotation**: the crystal was turned: J of toy:" in text
    assert (
        len(
            re.findall(
                r"^\| \w+ \| (?:passed|failed|excused \(Reads[^|]+\)) \| \d+\.\d \| [^|]+ \|$", text, re.MULTILINE
            )
        )
        == len(CHECKS) + 1
    )


def test_target_and_inputs_are_the_first_that_are_not_refused():
    assert Subject(Sound).asked == (JIJ, "structure")
    assert Subject(Sound, target=DV).asked == (DV, "structure")
    assert "- inputs: structure+moments\n" in report(examine("moment-product"))
    text = report(examine("mean-curve"))
    assert text.startswith("# Contract of `mean-curve`\n\n**It holds**")
    assert "- target: dv\n- inputs: structure\n" in text


def test_the_command_names_the_target():
    found = CliRunner().invoke(cli, ["check", "mean-curve", "--target", "dv-shell"])
    assert found.exit_code == 0, found.output
    assert "- target: dv-shell\n" in found.stdout
    refused = CliRunner().invoke(cli, ["check", "mean-curve", "--target", "jij"])
    assert refused.exit_code == 1
    assert "MeanCurve predicts curves, the target jij is none" in refused.stdout
    assert isinstance(CliRunner().invoke(cli, ["check", "mean-curve", "--target", "div"]).exception, UnknownName)


def test_what_makes_a_model_cheap_is_said_by_its_class():
    class Light(Sound):
        cheap: ClassVar[dict[str, float]] = {"ridge": 0.1}

    assert Subject(Light).model().ridge == 0.1
    assert Subject(Light, {"ridge": 0.2}).model().ridge == 0.2
    assert Light().ridge == 1e-3
    assert "- hypers: ridge = 0.1\n" in report(Contract("light", (), {}, Subject(Light)))


def test_a_target_without_toys_is_an_error():
    with pytest.raises(DataError, match=r"no toys for coefficients of kind curve and shape \(3,\)"):
        _ = Subject(Sound, target=Curve(name="coefficients", shape=(3,), convention="none")).toys


def test_an_excuse_stands_in_the_table():
    assert "| deviation | excused (`gives_std` is False) |" in report(examine("zero"))


def test_a_check_leaves_nothing_where_the_user_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_all(Subject(flawed.WritesHere))
    assert list(tmp_path.iterdir()) == []


def test_the_page_on_adapters_lists_every_check():
    page = (Path(__file__).parents[2] / "docs" / "adapters.md").read_text(encoding="utf-8")
    for check in CHECKS:
        assert f"| {check.__name__} | {asks(check)} |" in page
