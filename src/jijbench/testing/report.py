"""The contract of an adapter as a Markdown page."""

import platform

from jijbench import __version__
from jijbench.context import installed
from jijbench.testing.contract import Contract, Outcome
from jijbench.text import markdown


def report(contract: Contract) -> str:
    """What was checked, a table of all checks, and the reasons of those that failed."""
    lines = [f"# Contract of `{contract.name}`", "", _verdict(contract), "", *_facts(contract), ""]
    lines += ["| check | outcome | seconds | what it asks |", "|---|---|---|---|"]
    lines += [_row(outcome) for outcome in contract.outcomes]
    if contract.failed:
        lines += ["", "## What failed", ""]
        lines += [f"- **{outcome.check}**: {markdown(outcome.reason)}" for outcome in contract.failed]
    return "\n".join(lines) + "\n"


def _verdict(contract: Contract) -> str:
    counts = {
        status: sum(o.status == status for o in contract.outcomes)
        for status in ("passed", "failed", "excused", "not reached")
    }
    words = ", ".join(f"{n} {status}" for status, n in counts.items() if n)
    return f"**{'It does not hold' if contract.failed else 'It holds'}**: {words}, of {len(contract.outcomes)} checks."


def _facts(contract: Contract) -> list[str]:
    subject = contract.subject
    hypers = contract.hypers if subject is None else subject.settings
    facts = {"hypers": ", ".join(f"{name} = {value!r}" for name, value in hypers.items()) or "the defaults"}
    if subject is not None:
        adapter, (target, inputs) = subject.adapter, vars(subject).get("asked", (subject.target, subject.inputs))
        facts |= {"class": f"`{adapter.__module__}:{adapter.__qualname__}`"}
        facts |= {"target": target.name if target else "none taken", "inputs": inputs or "none taken"}
        facts["packages"] = (
            ", ".join(f"{name} {installed(name) or 'not installed'}" for name in adapter.requires)
            or "none beyond the core"
        )
    facts["made with"] = f"jijbench {__version__}, Python {platform.python_version()}, {platform.platform(terse=True)}"
    return [f"- {name}: {value}" for name, value in facts.items()]


def _row(outcome: Outcome) -> str:
    excuse = f" ({markdown(outcome.reason)})" if outcome.status in ("excused", "not reached") else ""
    return f"| {outcome.check} | {outcome.status}{excuse} | {outcome.seconds:.1f} | {markdown(outcome.asks)} |"
