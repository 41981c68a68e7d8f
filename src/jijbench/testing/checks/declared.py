"""What an adapter says about itself, before it has seen data."""

import inspect
from collections.abc import Mapping
from typing import Any

from sklearn.base import clone

from jijbench.adapters.base import Adapter, AdapterInfo
from jijbench.data.task import INPUTS, Question
from jijbench.targets import TARGETS
from jijbench.testing.subject import Subject

KINDS = ("composition", "descriptor", "potential", "UIP", "floor")
N_DRAWS = 5


def card(s: Subject) -> None:
    """it is an `Adapter` and says whose work it is, under which licence, of what kind"""
    adapter = s.adapter
    if not isinstance(adapter, type):
        raise AssertionError(f"{adapter!r} is no class")
    if not issubclass(adapter, Adapter):
        raise AssertionError(f"{adapter.__name__} does not inherit jijbench.adapters.base.Adapter")
    info = getattr(adapter, "info", None)
    if not isinstance(info, AdapterInfo):
        raise AssertionError(f"`info` is {info!r}; set it to an AdapterInfo")
    if not info.citation.strip():
        raise AssertionError("`info.citation` is empty")
    if not info.licence.strip():
        raise AssertionError("`info.licence` is empty")
    if info.kind not in KINDS:
        raise AssertionError(f"`info.kind` is {info.kind!r}; use one of {', '.join(KINDS)}")
    names = adapter.requires
    if not isinstance(names, tuple):
        raise AssertionError(f"`requires` is {names!r}; use a tuple of distributions, as ('dscribe',)")
    if adapter.portable is not None and not adapter.portable.strip():
        raise AssertionError("`portable` is neither None nor a reason")


def refuses(s: Subject) -> None:
    """it answers every question with a reason or with None, and takes a target of which there are toys"""
    for target in TARGETS.values():
        for inputs in INPUTS:
            for n_impurities in (1, 2, 3):
                question = Question(target, inputs, n_impurities)
                reason = s.adapter.refuses(question)
                fits = reason is None or (isinstance(reason, str) and bool(reason.strip()))
                if not fits:
                    raise AssertionError(f"refuses({question}) returns {reason!r}; return a reason or None")
    if s.taken not in INPUTS:
        raise AssertionError(f"the first kind of inputs that it takes is {s.taken!r}; there are {', '.join(INPUTS)}")


def hypers(s: Subject) -> None:
    """every hyper is written out in `__init__`, has a default and is stored as given, and nothing else is"""
    parameters = inspect.signature(s.adapter).parameters
    for name, parameter in parameters.items():
        named = parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        if not named:
            raise AssertionError(f"__init__ takes *{name}; write every hyper out, else clone() loses it")
        if parameter.default is parameter.empty:
            raise AssertionError(f"hyper {name!r} has no default")
    if not {"target", "seed"} <= set(parameters):
        raise AssertionError(f"__init__ takes {sorted(parameters)}; `target` and `seed` are needed")
    unknown = sorted(set(s.settings) - set(parameters))
    if unknown:
        raise AssertionError(f"no hypers named {unknown}; __init__ takes {sorted(parameters)}")
    given = {name: p.default for name, p in parameters.items()} | s.settings
    for model in (s.adapter(**given), clone(s.adapter(**given))):
        _stored(model, given)


def _stored(model: Adapter, given: dict[str, Any]) -> None:
    for name, value in given.items():
        held = getattr(model, name, None)
        if type(held) is not type(value):
            raise AssertionError(f"hyper {name}={value!r} is stored as {held!r}; convert it in fit")
        if held != value:
            raise AssertionError(f"hyper {name}={value!r} is stored as {held!r}; change it in fit")
    more = sorted(set(vars(model)) - set(given))
    if more:
        raise AssertionError(f"__init__ also sets {more}; leave that to fit")


def search(s: Subject) -> None:
    """its search space builds, holds the defaults, and every draw is a set of hypers in plain JSON"""
    from jijbench.files import canonical
    from jijbench.runner.tuning import default_hypers, draws

    defaults = default_hypers(s.adapter, s.about)
    for drawn, space in draws(s.adapter, s.question(), N_DRAWS):
        unknown = sorted(set(drawn) - set(defaults))
        if unknown:
            raise AssertionError(f"suggest gives {unknown}; hypers are {sorted(defaults)}")
        renamed = sorted(set(space) - _names(drawn))
        if renamed:
            raise AssertionError(f"Optuna knows a hyper as {renamed}; suggest each under its own name")
        canonical(drawn)  # raises for what JSON cannot say
        clone(s.model()).set_params(**drawn)
        for name, distribution in space.items():  # the first trial of a search takes the defaults
            if name in defaults and not _holds(distribution, defaults[name]):
                raise AssertionError(f"the default {name}={defaults[name]!r} is not in {distribution}")


def _names(hypers: Mapping[str, Any]) -> set[str]:
    """Names of hypers, and of those of a model inside that stand in a mapping."""
    inside = (_names(value) for value in hypers.values() if isinstance(value, Mapping))
    return set(hypers).union(*inside)


def _holds(distribution: Any, value: Any) -> bool:
    """Whether one of Optuna's distributions can give the value."""
    if hasattr(distribution, "choices"):
        return value in distribution.choices
    return bool(distribution.low <= value <= distribution.high)
