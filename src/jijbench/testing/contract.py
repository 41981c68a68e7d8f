"""Run the contract on an adapter: every check with its outcome, the exception of one never the end of the others."""

import contextlib
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Literal

from jijbench import adapters
from jijbench.data.task import INPUTS
from jijbench.errors import JijbenchError, UnknownName
from jijbench.testing.checks import CHECKS, GROUND
from jijbench.testing.subject import Excused, Subject

PATIENCE = 5  # a check is stopped after so many times the seconds that a fit may take

Status = Literal["passed", "failed", "excused", "not reached"]


@dataclass(frozen=True)
class Outcome:
    """What became of one check; ``reason`` is empty where it passed."""

    check: str
    asks: str
    status: Status
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Contract:
    """The outcomes of all checks of one adapter, and what was checked."""

    name: str
    outcomes: tuple[Outcome, ...]
    hypers: Mapping[str, Any]
    subject: Subject | None = None

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The checks that found something wrong."""
        return tuple(outcome for outcome in self.outcomes if outcome.status == "failed")


def asks(check: Callable[[Any], None]) -> str:
    """What a check asks, in one line."""
    return (check.__doc__ or check.__name__).strip().splitlines()[0]


def perform(check: Callable[[Any], None], subject: Any) -> None:
    """Run one check; raises what it raises, and ``AssertionError`` where it does not come to an end."""
    with subject.surroundings(), stopped_after(PATIENCE * subject.seconds):
        check(subject)


@contextlib.contextmanager
def stopped_after(seconds: float) -> Iterator[None]:
    """An ``AssertionError`` after so many seconds, where the system has alarms; compiled code hears it late."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"was still running after {seconds:g} s and was stopped")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def examine(name: str, hypers: Mapping[str, Any] | None = None, **settings: Any) -> Contract:
    """All checks of the adapter called ``name``, or ``module:Class``; ``settings`` are those of ``Subject``.

    Raises ``UnknownName``, and ``MissingExtra`` where a declared distribution is not installed: that is decided before
    anything is imported. An import that breaks is a failed check.
    """
    given, started = dict(hypers or {}), time.monotonic()
    if settings.get("inputs") not in (None, *INPUTS):
        raise UnknownName("kind of inputs", settings["inputs"], INPUTS)
    what = "the module of the adapter can be imported"
    try:
        adapter = adapters.require(name)
    except JijbenchError:
        raise
    except Exception as error:
        broken = Outcome("import", what, "failed", _reason(error), time.monotonic() - started)
        return Contract(name, (broken, *(_not_reached(check, "import") for check in CHECKS)), given)
    subject = Subject(adapter, given, **settings)
    found = Outcome("import", what, "passed", seconds=time.monotonic() - started)
    return Contract(name, (found, *check_all(subject)), given, subject)


def check_all(
    subject: Any, checks: Sequence[Callable[[Any], None]] = CHECKS, ground: Sequence[Callable[[Any], None]] = GROUND
) -> list[Outcome]:
    """Outcomes of all checks, by default those of an adapter; those behind a failed ground are not reached."""
    found: list[Outcome] = []
    fallen: str | None = None
    for check in checks:
        if fallen is not None:
            found.append(_not_reached(check, fallen))
            continue
        found.append(_outcome(check, subject))
        if check in ground and found[-1].status == "failed":
            fallen = check.__name__
    return found


def _not_reached(check: Callable[[Any], None], fallen: str) -> Outcome:
    return Outcome(check.__name__, asks(check), "not reached", f"{fallen} failed")


def _outcome(check: Callable[[Any], None], subject: Any) -> Outcome:
    started = time.monotonic()
    status: Status = "passed"
    reason = ""
    try:
        perform(check, subject)
    except Excused as excuse:
        status, reason = "excused", str(excuse)
    except Exception as error:
        status, reason = "failed", _reason(error)
    return Outcome(check.__name__, asks(check), status, reason, time.monotonic() - started)


def _reason(error: Exception) -> str:
    """The message of a check; of any other exception its type, message and place."""
    text = str(error).strip()
    if isinstance(error, AssertionError) and text:
        return text
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {text or 'no message'} ({Path(place.filename).name}, line {place.lineno})"
