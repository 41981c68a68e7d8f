"""TB2J-style table ``exchange.out``: one realisation, each pair from either end, with more digits than TB2J prints."""

from collections import Counter

from jijbench.convention import code
from jijbench.formats.spins import RandomAlloy, SpinSystem

TITLE = "TB2J (exchange.out)"
SETTING = "hexagonal"
RULE, LINE = "=" * 90, "-" * 88
HEAD = "    i      j          R        J_iso(meV)          vector          distance(A)"


def files(alloy: RandomAlloy) -> dict[str, str]:
    """Texts by file name."""
    note = f"Exchange parameters of impurities in {alloy.host}, written by jijbench; "
    note += f"H = -sum_(i!=j) J e_i.e_j; J cut beyond {alloy.reach:.3f} Angstrom; seed {alloy.seed}"
    return {"exchange.out": text(alloy.system, note)}


def labels(symbols: list[str]) -> list[str]:
    """Element and counter: Cr1, Cr2, V1."""
    count: Counter[str] = Counter()
    found = []
    for symbol in symbols:
        count[symbol] += 1
        found.append(f"{symbol}{count[symbol]}")
    return found


def text(system: SpinSystem, note: str) -> str:
    """The whole table."""
    lines = [RULE, "Information: ", note, "", RULE, "Cell (Angstrom):"]
    lines += ["  ".join(f"{x:.8f}" for x in vector) for vector in system.cell]
    lines += ["", RULE, "Atoms:  ", "(Note: charges are not known and set to zero.)"]
    lines.append("Atom_number       x             y             z       w_charge    M(x)      M(y)      M(z)")
    names = labels(system.symbols)
    for name, (x, y, z), moment in zip(names, system.positions, system.moments, strict=True):
        lines.append(f"{name:<12s} {x:13.8f} {y:13.8f} {z:13.8f} {0:9.4f} {0:9.4f} {0:9.4f} {moment:9.4f}")
    lines += [f"{'Total':<54s} {0:9.4f} {0:9.4f} {0:9.4f} {system.moments.sum():9.4f}", "", RULE, "Exchange: ", HEAD]
    return "\n".join(lines + _pairs(system.both(), names)) + "\n"


def _pairs(system: SpinSystem, names: list[str]) -> list[str]:
    factor, lines = code("tb2j").from_house, []
    distances = (system.vector**2).sum(1) ** 0.5
    columns = (
        system.i,
        system.j,
        system.offset,
        factor * system.jij,
        system.vector,
        distances,
        factor * system.dmi + 0.0,
    )
    for i, j, r, jij, (x, y, z), distance, dmi in zip(*columns, strict=True):
        cell, vector = f"({r[0]:3d}, {r[1]:3d}, {r[2]:3d})", f"({x:8.4f}, {y:8.4f}, {z:8.4f})"
        lines += [LINE, f"   {names[i]:5s} {names[j]:5s} {cell} {jij:12.8f}   {vector} {distance:8.4f} "]
        lines.append(f"J_iso: {jij:12.8f} ")
        if dmi.any():
            lines.append(f"[Testing!] DMI: ({dmi[0]:12.8f} {dmi[1]:12.8f} {dmi[2]:12.8f})")
    return lines
