"""The potential file of the JuKKR codes: read and written, atomic spheres and full potential.

Ry and Bohr; V without the nuclear term (V_total = V − 2 Z / r). Blocks follow each other atom by atom, spin DOWN before
spin UP. The mesh is r_k = b (exp(a k) − 1) up to the muffin-tin point; in the full potential the points beyond belong
to the shape function. Layout: Fortran columns of 20, four a line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from jijbench.errors import ExportError
from jijbench.formats.kkr_text import EXPONENT, Lines, decimals

#: decimals that the code prints at least of lengths and energies in the header: fewer, and the line was cut
PRINTED = 8
LMPOT = tuple((2 * l_max + 1) ** 2 for l_max in range(9))
#: the blocks of one atom: one, or SPIN DOWN and SPIN UP
Atom = tuple["Block", ...]


@dataclass(frozen=True, eq=False)
class Block:
    """One atom and spin of a potential file; lengths in Bohr, energies and V in Ry."""

    title: str  # to column 28: name, the word POTENTIAL, the spin; then exc: and the functional
    r_mt: float
    alat: float
    r_mt_new: float
    z: float
    r_ws: float
    fermi: float
    v_bc: float
    a: float
    b: float
    core: tuple[tuple[int, float], ...]  # (l, energy), guesses that the code solves again
    v: np.ndarray  # (n,) spherical part
    nonspherical: dict[int, np.ndarray] = field(default_factory=dict)  # lm → (inner + 1,) last points
    inner: int | None = None  # irns; None in the atomic sphere approximation
    n_lm: int = 0
    alat_decimals: int = 15  # as printed

    @property
    def full(self) -> bool:
        """Whether the block is of the full potential."""
        return self.inner is not None

    @property
    def mt_point(self) -> int:
        """Number of the mesh point at the muffin-tin radius, from 1."""
        return 1 + round(float(np.log1p(self.r_mt_new / self.b)) / self.a)


def _nonspherical(lines: Lines, inner: int, n_lm: int) -> dict[int, np.ndarray]:
    found: dict[int, np.ndarray] = {}
    while len(found) < n_lm - 1:
        (lm,) = lines.whole(1, "lm")
        if lm == 1:
            return found
        if not 2 <= lm <= n_lm or lm in found:
            lines.fail(f"{lm} is out of 2 … {n_lm}, or a second time", "lm")
        found[lm] = lines.columns(inner + 1, f"V of lm {lm}")
    return found


def _is_full(lines: Lines) -> bool:
    """Whether the next line holds four whole numbers: the code's own way of telling."""
    words = lines.lines[lines.at].split() if lines.left else []
    return len(words) == 4 and all(word.isdigit() for word in words)


def _core_state(lines: Lines) -> tuple[int, float]:
    ell, energy = lines.words(2, "core state")
    if ell not in ("0", "1", "2", "3"):
        lines.fail(f"l is {ell!r}, expected 0 to 3", "core state")
    if lines.number(energy, "core state") and not EXPONENT.fullmatch(energy):
        lines.fail(f"{energy} lacks an exponent of two digits; the line was cut", "core state")
    return int(ell), lines.number(energy, "core state")


def _block(lines: Lines) -> Block:
    title = lines.next("title")
    if title[5:14].strip() != "POTENTIAL" or "exc:" not in title:
        lines.fail(f"{title[:40]!r} lacks POTENTIAL in columns 6 to 14, or exc:", "title")
    r_mt, alat, r_mt_new = lines.numbers(PRINTED, PRINTED, PRINTED, fields="rmt, alat, rmtnew")
    printed = decimals(lines.lines[lines.at - 1].split()[1])
    (z,) = lines.numbers(1, fields="Z")
    r_ws, fermi, v_bc = lines.numbers(5, PRINTED, PRINTED, fields="rws, E_F, vbc")
    (n,) = lines.whole(1, "nr")
    a, b = lines.powers(2, "a, b")
    if min(alat, r_mt_new, r_ws, a, b) <= 0 or n < 5:
        lines.fail(
            f"alat {alat}, rmtnew {r_mt_new}, rws {r_ws}, a {a}, b {b}, nr {n}: a length is not positive", "mesh"
        )
    n_core, _ = lines.whole(2, "ncore, inew")
    core = tuple((int(ell), energy) for ell, energy in (_core_state(lines) for _ in range(n_core)))
    header = (title.rstrip(), r_mt, alat, r_mt_new, z, r_ws, fermi, v_bc, a, b, core)
    if not _is_full(lines):
        return Block(*header, lines.columns(n, "V"), alat_decimals=printed)
    again, inner, n_lm, _ = lines.whole(4, "nr, irns, lmpot, isave")
    if again != n or inner >= n:
        lines.fail(f"nr is {n} in the header and {again} here, irns {inner}", "nr, irns")
    if n_lm not in LMPOT:
        lines.fail(f"{n_lm} is no (2 lmax + 1)²", "lmpot")
    v = lines.columns(n, "V")
    return Block(*header, v, _nonspherical(lines, inner, n_lm), inner, n_lm, printed)


def read_blocks(path: Path) -> list[Block]:
    """Blocks of a potential file in the file's order. Raises ``ExportError`` naming file, line and field."""
    lines, blocks = Lines(path), []
    while lines.left:
        blocks.append(_block(lines))
        check_block(blocks[-1], f"{path}, line {lines.at}")
    if not blocks:
        raise ExportError(f"{path}: no block; give a potential file")
    return blocks


def check_block(block: Block, where: str) -> None:
    """Raises ``ExportError`` for what the impurity code would stop at.

    NaN, another mesh, in full potential an even muffin-tin point.
    """
    arrays = [block.v, *block.nonspherical.values()]
    scalars = [block.r_mt, block.alat, block.r_mt_new, block.z, block.r_ws, block.fermi, block.v_bc, block.a, block.b]
    if not all(np.isfinite(values).all() for values in [*arrays, np.array(scalars)]):
        raise ExportError(f"{where}: a value of the block is not finite")
    # in atomic spheres any muffin-tin point will do, and the code writes rmt in the place of rmtnew
    name, point, radius = "rws", len(block.v), block.r_ws
    if block.full:
        name, point, radius = "rmtnew", block.mt_point, block.r_mt_new
    if abs(block.b * np.expm1(block.a * (point - 1)) - radius) > 1e-5 * radius:
        raise ExportError(f"{where}: {name} {radius} is not the mesh point {point} of a = {block.a}, b = {block.b}")
    if block.full and block.mt_point % 2 == 0:
        raise ExportError(f"{where}: the muffin-tin point {block.mt_point} is even; the code wants it odd")


def _columns(values: np.ndarray, digits: int) -> Iterator[str]:
    words = [f"{value:20.{digits}E}".replace("E", "D") for value in values]
    if any(len(word) > 20 for word in words):
        raise ExportError(f"V: {max(words, key=len)} does not fit into 20 columns; check the units (Ry)")
    return ("".join(words[k : k + 4]) for k in range(0, len(words), 4))


def _text(block: Block) -> Iterator[str]:
    yield block.title
    yield f"{block.r_mt:20.15f}{block.alat:20.15f}{block.r_mt_new:20.15f}"
    yield f"{block.z:10.5f}"
    yield f"{block.r_ws:10.5f}{block.fermi:20.15f}{block.v_bc:20.15f}"
    yield f"{len(block.v):4d}"
    yield f"{block.a:15.8E} {block.b:14.8E}".replace("E", "D")
    yield f"{len(block.core):2d} 1"
    yield from (f"{ell:5d}{energy:20.11E}".replace("E", "D") for ell, energy in block.core)
    if block.inner is None:
        # 12 digits leave a blank between the columns: the code reads the first four as a list
        yield from _columns(block.v, 12)
        return
    yield f"{len(block.v):5d}{block.inner:5d}{block.n_lm:5d}{1:5d}"
    yield from _columns(block.v, 13)
    for lm, values in sorted(block.nonspherical.items()):
        yield f"{lm:5d}"
        yield from _columns(values, 13)
    if len(block.nonspherical) < block.n_lm - 1:
        yield f"{1:5d}"


def potential_text(blocks: Sequence[Block]) -> str:
    """Text of a potential file; raises ``ExportError`` for a block that the code would not take."""
    for k, block in enumerate(blocks, start=1):
        check_block(block, f"block {k} ({block.title[:10].strip()})")
    return "\n".join(line for block in blocks for line in _text(block)) + "\n"


def n_spins(blocks: Sequence[Block], where: str) -> int:
    """1, or 2 where the titles name spins; raises ``ExportError`` unless DOWN and UP then follow each other."""
    spins = [block.title[14:28].strip() for block in blocks]
    if not any(spins):
        return 1
    expected = ["SPIN DOWN", "SPIN UP"] * (len(spins) // 2)
    if spins != expected:
        wrong = next(
            (k for k, pair in enumerate(zip(spins, expected, strict=False)) if len(set(pair)) > 1), len(expected)
        )
        raise ExportError(f"{where}: block {wrong + 1} is {blocks[wrong].title[:28]!r}; SPIN DOWN comes before SPIN UP")
    return 2


def read_atoms(path: Path) -> list[Atom]:
    """Atoms of a potential file; how many blocks each has is told by the file itself, never by another file.

    Raises ``ExportError`` where two blocks are not the two spins of one atom, or alat differs.
    """
    return atoms_of(read_blocks(path), str(path))


def atoms_of(blocks: Sequence[Block], where: str) -> list[Atom]:
    """Blocks by atom; raises ``ExportError`` as ``read_atoms``."""
    spins = n_spins(blocks, where)
    for k, block in enumerate(blocks):
        first, what = blocks[k - k % spins], f"{where}, block {k + 1} ({block.title[:28].strip()})"
        if (block.z, len(block.core), block.full, block.n_lm) != (first.z, len(first.core), first.full, first.n_lm):
            raise ExportError(f"{what}: Z {block.z:g} or the core is not that of the other spin, Z {first.z:g}")
        check_same_mesh(block, first, what, "the other spin's")
        if abs(block.alat - blocks[0].alat) > _alat_error(block, blocks[0]):
            raise ExportError(f"{what}: alat is {block.alat!r}, the first block's {blocks[0].alat!r}")
    return [tuple(blocks[k : k + spins]) for k in range(0, len(blocks), spins)]


def _alat_error(one: Block, other: Block) -> float:
    """How far alat may differ (Bohr): what the digits printed leave open, and never more than the code does."""
    return max(1e-9, 0.6 * 10.0 ** -min(one.alat_decimals, other.alat_decimals))


def check_same_mesh(block: Block, host: Block, where: str, whose: str = "the host's") -> None:
    """Raises ``ExportError`` naming the first of nr, alat, a, b, rmtnew and rws in which a block is not its host's."""
    pairs: list[tuple[str, float, float, float]] = [
        ("nr", len(block.v), len(host.v), 0.0),
        ("alat", block.alat, host.alat, _alat_error(block, host)),
        ("a", block.a, host.a, 1e-10),
        ("b", block.b, host.b, 1e-6 * host.b),
        ("rws", block.r_ws, host.r_ws, 2e-5),  # five digits are printed
    ]
    if host.full:
        pairs.append(("rmtnew", block.r_mt_new, host.r_mt_new, 1e-6))
    for name, mine, theirs, allowed in pairs:
        if abs(mine - theirs) > allowed:
            raise ExportError(f"{where}: {name} is {mine!r}, {whose} {theirs!r}; make both in the same cell")
