import dataclasses

import numpy as np
import pytest

from jijbench.data.sample import Sample
from jijbench.data.task import INPUTS, folds_sha256, load_task, release, task_ids
from jijbench.errors import DataError, UnknownName
from jijbench.targets import JIJ

TASK = "jij-bi2te3/jij/random-orbit"
WITH_MOMENTS = [name for name in INPUTS if name.endswith("+moments")]
WITHOUT = [name for name in INPUTS if "moments" not in name and "start" not in name]


@pytest.fixture(scope="module")
def task():
    return load_task(TASK)


def reachable(thing: object, seen: dict[int, object]) -> dict[int, object]:
    """Everything that a holder of ``thing`` can get at through attributes, items and cached values."""
    if id(thing) in seen or isinstance(thing, type | str | int | float):
        return seen
    seen[id(thing)] = thing
    inside = list(vars(thing).values()) if hasattr(thing, "__dict__") else []
    if hasattr(thing, "items"):
        inside += [x for item in thing.items() for x in item]
    elif isinstance(thing, tuple | list | set | frozenset):
        inside += list(thing)
    elif isinstance(thing, np.ndarray) and thing.base is not None:
        inside.append(thing.base)
    for x in inside:
        reachable(x, seen)
    return seen


def values_within(sample: Sample) -> list[np.ndarray]:
    return [x for x in reachable(sample, {}).values() if isinstance(x, np.ndarray)]


@pytest.mark.parametrize("inputs", WITHOUT)
def test_structure_has_no_moments(task, inputs):
    for sample in (*task.training(0, inputs, 1).samples, *task.test(0, inputs)):
        assert sample.moments is None
        assert dict(sample.inputs) == {}


@pytest.mark.parametrize("inputs", WITH_MOMENTS)
def test_moments_are_released_where_they_are_declared(task, inputs):
    for sample in (*task.training(0, inputs, 1).samples[:20], *task.test(0, inputs)[:20]):
        assert set(sample.inputs) == {"moments"}
        row = task.dataset.table.iloc[task.dataset.index[sample.id]]
        assert sample.moments.tolist() == [row["moment_i_mub"], row["moment_j_mub"]]


def test_releasing_leaves_the_dataset_as_it_was(task):
    task.test(0, "structure")
    assert all(sample.moments is not None for sample in task.dataset.samples)


def test_the_truth_cannot_be_reached_from_a_sample(task):
    truth = task.dataset.truth("jij")
    large = [s for s in task.test(0, "structure+moments") if abs(truth[task.dataset.index[s.id]]) > 1.0]
    assert len(large) > 20
    for sample in large:
        value = truth[task.dataset.index[sample.id]]
        arrays = values_within(sample)
        assert 4 <= len(arrays) <= 5  # numbers, positions, cell, moments, and the displacement once it was asked for
        assert not any(np.isclose(array.astype(float), value, rtol=0, atol=1e-12).any() for array in arrays)


def test_a_sample_that_hides_the_truth_would_be_found(task):
    sample = task.test(0, "structure")[0]
    hiding = dataclasses.replace(sample, inputs={"note": [1.25]})
    assert any(np.isclose(array.astype(float), 1.25).any() for array in values_within(hiding))


def test_a_sample_reaches_no_dataset_task_or_table(task):
    kinds = {type(x).__name__ for x in reachable(task.test(0, "structure")[0], {}).values()}
    assert kinds <= {"Sample", "Geometry", "mappingproxy", "ndarray", "tuple", "NoneType", "int64", "float64", "dict"}


def test_training_holds_only_its_own_truth(task):
    training, fold = task.training(2, "structure", 3), task.split.folds[2]
    assert [sample.id for sample in training.samples] == list(fold.train)
    assert not {sample.id for sample in training.samples} & {*fold.test, *fold.dropped}
    rows = [task.dataset.index[name] for name in fold.train]
    assert np.array_equal(training.y, task.dataset.truth("jij")[rows])
    assert training.y.base is None or training.y.base.shape == training.y.shape


def test_changing_the_training_truth_changes_no_other(task):
    training = task.training(0, "structure", 1)
    training.y[:] = 99.0
    assert not (task.training(0, "structure", 1).y == 99.0).any()
    assert not (task.dataset.truth("jij") == 99.0).any()


def test_test_samples_come_in_the_order_of_the_split(task):
    assert [sample.id for sample in task.test(1, "structure")] == list(task.split.folds[1].test)


def test_inner_folds_lie_within_the_training_part(task):
    training = task.training(0, "structure", 3)
    assert len(training.folds) == 3
    for train, valid in training.folds:
        assert not set(train) & set(valid)
        assert max(train.max(), valid.max()) < len(training.samples)


def test_the_inner_hash_tells_folds_apart(task):
    one, three = (folds_sha256(task.training(0, "structure", n).folds) for n in (1, 3))
    assert one != three
    assert three == folds_sha256(task.training(0, "structure+moments", 3).folds)


def test_the_question_says_what_is_asked(task):
    question = task.question("structure+moments")
    assert (question.target, question.inputs, question.n_impurities) == (JIJ, "structure+moments", 2)
    assert question.protocol == "random-orbit"
    assert question.n_impurities_trained == 2


def test_the_question_counts_the_impurities_of_training_and_of_test(task):
    """Trained on clusters of three, tested on pairs: the two are told apart."""
    three = dataclasses.replace(task.dataset.samples[0], elements=("Cr", "Mn", "Fe"))
    source = dataclasses.replace(task.dataset, samples=(three, *task.dataset.samples[1:]))
    elsewhere = dataclasses.replace(task)
    elsewhere.__dict__["source"] = source
    question = elsewhere.question("structure")
    assert (question.n_impurities, question.n_impurities_trained) == (2, 3)


def test_moments_that_are_not_there_are_missed(toy):
    with pytest.raises(DataError, match="toy:Cr-Mn-4 has no moments, which the inputs 'structure\\+moments' declare"):
        release((toy("Cr", "Mn"),), "structure+moments")


def test_unknown_inputs_come_with_near_names(toy):
    with pytest.raises(UnknownName, match=r"'structure\+moment'; did you mean 'structure\+moments'"):
        release((toy("Cr", "Mn"),), "structure+moment")


def test_all_committed_tasks_load():
    names = task_ids()
    assert TASK in names
    assert "jij-published-table/jij/transfer" in names
    for name in names:
        assert load_task(name).id == name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("jij-bite3/jij/random-orbit", "no dataset named 'jij-bite3'; did you mean 'jij-bi2te3'"),
        ("jij-bi2te3/jjj/random-orbit", "no target of jij-bi2te3 named 'jjj'; did you mean 'jij'"),
        (
            "jij-bi2te3/jij/random-orbits",
            "no protocol of jij-bi2te3 named 'random-orbits'; did you mean 'random-orbit'",
        ),
    ],
)
def test_an_unknown_name_comes_with_near_ones(name, hint):
    with pytest.raises(UnknownName, match=hint):
        load_task(name)


@pytest.mark.parametrize("name", ["jij-bi2te3", "jij-bi2te3/random-orbit", "a/b/c/d"])
def test_a_name_of_the_wrong_form_is_refused(name):
    with pytest.raises(DataError, match="a task is named dataset/target/protocol"):
        load_task(name)


@pytest.mark.parametrize("inputs", [name for name in INPUTS if name.startswith("composition")])
def test_composition_has_no_geometry(task, inputs):
    samples = task.test(0, inputs)
    assert {(s.distance, s.shell, s.signature) for s in samples} == {(0.0, None, samples[0].signature)}
    assert {s.geometry.id for s in samples} == {"nowhere"}
    assert [s.elements for s in samples] == [s.elements for s in task.test(0, "structure")]


def test_structure_keeps_the_geometry(task):
    assert len({s.shell for s in task.test(0, "structure")}) == 14


def test_a_task_shows_itself_in_a_line_and_a_small_table():
    task = load_task("jij-published-table/jij/transfer")
    assert repr(task) == "Task(jij-published-table/jij/transfer: 340 samples, 1 fold)"
    assert repr(task.split) == "Split(jij-published-table/transfer: 1 fold)"
    assert "trained on</th><td style='text-align:left'>jij-bi2te3</td>" in task._repr_html_()
    assert len(task._repr_html_()) < 2000


def test_a_task_is_named_by_three_parts():
    with pytest.raises(DataError, match=r"not '\./mine/jij/random-orbit'.*by its bare id from the folder it lies in"):
        load_task("./mine/jij/random-orbit")


def test_a_sample_weighs_one_over_how_often_it_is_tested():
    task = load_task("jij-bi2te3/jij/unseen-element")
    times = task.split.times_tested()
    assert max(times.values()) > 1
    tested = [k for k, sample in enumerate(task.dataset.samples) if times[sample.id]]
    assert task.weight[tested] == pytest.approx([1 / times[task.dataset.samples[k].id] for k in tested])
