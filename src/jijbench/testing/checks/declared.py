"""What an adapter says about itself, before it has seen data."""

import inspect
from typing import Any

from sklearn.base import clone

from jijbench.adapters.base import Adapter, AdapterInfo
from jijbench.data.target import DIJ, JIJ
from jijbench.data.task import INPUTS, Question
from jijbench.testing.subject import Subject

KINDS = ("composition", "descriptor", "potential", "UIP", "floor")
N_DRAWS = 5


def card(s: Subject) -> None:
    """it is an `Adapter` and says whose work it is, under which licence, of what kind"""
    adapter = s.adapter
    assert isinstance(adapter, type), f"{adapter!r} is no class"
    assert issubclass(adapter, Adapter), f"{adapter.__name__} does not inherit jijbench.adapters.base.Adapter"
    info = getattr(adapter, "info", None)
    assert isinstance(info, AdapterInfo), f"`info` is {info!r}; set it to an AdapterInfo"
    assert info.citation.strip(), "`info.citation` is empty"
    assert info.licence.strip(), "`info.licence` is empty"
    assert info.kind in KINDS, f"`info.kind` is {info.kind!r}; use one of {', '.join(KINDS)}"
    names = adapter.requires
    assert isinstance(names, tuple), f"`requires` is {names!r}; use a tuple of distributions, as ('dscribe',)"
    assert adapter.portable is None or adapter.portable.strip(), "`portable` is neither None nor a reason"


def refuses(s: Subject) -> None:
    """it answers every question with a reason or with None, and takes J of dimers"""
    for target in (JIJ, DIJ):
        for inputs in INPUTS:
            for n_impurities in (2, 3):
                question = Question(target, inputs, n_impurities)
                reason = s.adapter.refuses(question)
                fits = reason is None or (isinstance(reason, str) and bool(reason.strip()))
                assert fits, f"refuses({question}) returns {reason!r}; return a reason or None"
    assert s.taken in INPUTS


def hypers(s: Subject) -> None:
    """every hyper is written out in `__init__`, has a default and is stored as given, and nothing else is"""
    parameters = inspect.signature(s.adapter).parameters
    for name, parameter in parameters.items():
        named = parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        assert named, f"__init__ takes *{name}; write every hyper out, else clone() loses it"
        assert parameter.default is not parameter.empty, f"hyper {name!r} has no default"
    assert {"target", "seed"} <= set(parameters), f"__init__ takes {sorted(parameters)}; `target` and `seed` are needed"
    unknown = sorted(set(s.hypers) - set(parameters))
    assert not unknown, f"no hypers named {unknown}; __init__ takes {sorted(parameters)}"
    given = {name: p.default for name, p in parameters.items()} | dict(s.hypers)
    for model in (s.adapter(**given), clone(s.adapter(**given))):
        _stored(model, given)


def _stored(model: Adapter, given: dict[str, Any]) -> None:
    for name, value in given.items():
        held = getattr(model, name, None)
        assert type(held) is type(value), f"hyper {name}={value!r} is stored as {held!r}; convert it in fit"
        assert held == value, f"hyper {name}={value!r} is stored as {held!r}; change it in fit"
    more = sorted(set(vars(model)) - set(given))
    assert not more, f"__init__ also sets {more}; leave that to fit"


def search(s: Subject) -> None:
    """its search space builds, holds the defaults, and every draw is a set of hypers in plain JSON"""
    from jijbench.files import canonical
    from jijbench.tuning import default_hypers, draws

    defaults = default_hypers(s.adapter, JIJ)
    for drawn, space in draws(s.adapter, s.question(), N_DRAWS):
        unknown = sorted(set(drawn) - set(defaults))
        assert not unknown, f"suggest gives {unknown}; hypers are {sorted(defaults)}"
        renamed = sorted(set(space) - set(drawn))
        assert not renamed, f"Optuna knows a hyper as {renamed}; suggest each under its own name"
        canonical(drawn)  # raises for what JSON cannot say
        clone(s.model()).set_params(**drawn)
        for name, distribution in space.items():  # the first trial of a search takes the defaults
            assert _holds(distribution, defaults[name]), (
                f"the default {name}={defaults[name]!r} is not in {distribution}"
            )


def _holds(distribution: Any, value: Any) -> bool:
    """Whether one of Optuna's distributions can give the value."""
    if hasattr(distribution, "choices"):
        return value in distribution.choices
    return bool(distribution.low <= value <= distribution.high)
