"""Spirit: ``input.cfg`` and the pair list ``pairs.txt``, each pair once.

The occupied sites of the supercell are one big basis: builds of Spirit without defects (the wheel) know no vacancies,
and none lets exchange depend on the species. Boundaries are periodic, which they are not by default.
"""

from jijbench.convention import code
from jijbench.formats.spins import RandomAlloy, SpinSystem

TITLE = "Spirit (input.cfg, pairs.txt)"
SETTING = "hexagonal"
CONFIG = """\
# {note}
output_file_tag        jijbench
log_to_console         0
log_to_file            0
log_input_save_initial 0
log_input_save_final   0
lattice_constant       1.0
bravais_vectors
{vectors}
basis
{n}
{basis}
mu_s {moments}
n_basis_cells 1 1 1
hamiltonian heisenberg_pairs
boundary_conditions 1 1 1
external_field_magnitude 0
anisotropy_magnitude 0
ddi_method none
interaction_pairs_file pairs.txt
llg_seed {seed}
llg_damping 0.5
llg_dt 1e-3
llg_temperature 10
llg_n_iterations     2000000000
llg_n_iterations_log 2000000000
llg_force_convergence 1e-12
llg_output_any 0
"""


def files(alloy: RandomAlloy) -> dict[str, str]:
    """Texts by file name."""
    shares = zip(alloy.mixture.elements, alloy.mixture.concentrations, strict=True)
    note = f"{', '.join(f'{e} {c:g}' for e, c in shares)}; seed {alloy.seed}; J cut beyond {alloy.reach:.3f} Angstrom"
    return texts(alloy.system, note, alloy.seed)


def texts(system: SpinSystem, note: str = "", seed: int = 0) -> dict[str, str]:
    """Texts of any periodic system of spins; ``seed`` of the thermal noise. Spirit is to be run in their folder."""
    config = CONFIG.format(
        note=note,
        n=len(system),
        vectors="\n".join(_row(v, 10) for v in system.cell),
        basis="\n".join(_row(v, 9) for v in system.fractional),
        moments=" ".join(f"{m:.6f}" for m in system.moments),
        seed=seed + 1,  # Spirit wants it positive
    )
    return {"input.cfg": config, "pairs.txt": _pairs(system)}


def _row(vector: object, digits: int) -> str:
    return " ".join(f"{x:.{digits}f}" for x in vector)  # type: ignore[attr-defined]


def _pairs(system: SpinSystem) -> str:
    factor = code("spirit").from_house
    lines = ["i j da db dc Jij Dijx Dijy Dijz"]
    columns = (system.i, system.j, system.offset, factor * system.jij, factor * system.dmi + 0.0)
    for i, j, offset, jij, dmi in zip(*columns, strict=True):
        lines.append(
            f"{i} {j} {offset[0]} {offset[1]} {offset[2]} {jij:.10g} {dmi[0]:.10g} {dmi[1]:.10g} {dmi[2]:.10g}"
        )
    return "\n".join(lines) + "\n"
