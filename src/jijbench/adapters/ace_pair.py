"""ACE projections of the two sites for the geometry, learned coordinates for the elements."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo
from jijbench.adapters.pair_gp import PairGp, similarity_powers
from jijbench.adapters.shell_scaled import End
from jijbench.data.task import Question
from jijbench.descriptors.ace import AceSettings, Blocks, RadialBasis, blind_blocks
from jijbench.targets import JIJ, Target

#: radial functions and degrees for one, two and three neighbours
N_MAX, L_MAX = (12, 4, 2), (0, 3, 1)


class AcePair(PairGp):
    """k(A, A') k(B, B') b(R, R') + the same with A, B exchanged, b from the ACE projections of both sites.

    b = Σ_ζ c_ζ [(p_i·p_i')(p_j·p_j')]^ζ + diag, p the projections of a site with every impurity one species, each tuple
    of neighbour species brought to unit length: a partner is one atom among thirty, and would hardly count otherwise.
    Which elements the impurities are is k's part, with learned coordinates. The weights c_ζ, the coordinates and the
    diagonal are learned by the marginal likelihood of the training part, on J in units of its rms in each geometry.
    """

    requires: ClassVar[tuple[str, ...]] = ("python-ace",)
    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="Drautz, PRB 99, 014104 (2019); De et al., PCCP 18, 13754 (2016); python-ace: Lysogorskiy et al., "
        "npj Comput. Mater. 7, 97 (2021), Bochkarev et al., PR Materials 6, 013804 (2022)",
        licence="Academic Software Licence (python-ace): non-commercial use only, not open source",
        kind="descriptor",
        compressed_species=True,
    )
    cheap: ClassVar[dict[str, Any]] = {"max_iter": 40}

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, body_order: int = 3, radial_basis: RadialBasis = "ChebExpCos",
        radial_parameter: float = 5.25, r_cut: float = 12.0, n_coordinates: int = 5, rank: int = 0,
        n_components: int = 2, freedom: float = 1.0, max_iter: int = 150, n_members: int = 1,
    ) -> None:  # fmt: skip
        super().__init__(
            target=target, seed=seed, n_coordinates=n_coordinates, rank=rank, n_components=n_components,
            freedom=freedom, max_iter=max_iter, n_members=n_members,
        )  # fmt: skip
        self.body_order = body_order
        self.radial_basis = radial_basis
        self.radial_parameter = radial_parameter
        self.r_cut = r_cut

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {
            "body_order": trial.suggest_categorical("body_order", [2, 3, 4]),
            "radial_basis": trial.suggest_categorical("radial_basis", ["ChebExpCos", "SBessel"]),
            "radial_parameter": trial.suggest_categorical("radial_parameter", [3.0, 5.25, 8.0]),
        }

    def geometry_kernels(self, a: Sequence[End], b: Sequence[End]) -> np.ndarray:
        return similarity_powers(self._sites(a), self._sites(b))

    def _sites(self, ends: Sequence[End]) -> np.ndarray:
        n = self.body_order - 1
        settings = AceSettings(self.r_cut, N_MAX[:n], L_MAX[:n], self.radial_basis, self.radial_parameter)
        both = [blind_blocks(geometry, settings)[:: 1 - 2 * side] for geometry, side in ends]
        return _aligned([blocks for pair in both for blocks in pair]).reshape(len(ends), 2, -1)


def _aligned(sites: Sequence[Blocks]) -> np.ndarray:
    """(sites, f) blocks of unit length side by side; zero where a site lacks the species of a block."""
    lengths = {key: len(values) for blocks in sites for key, values in blocks.items()}
    return np.array([np.concatenate([_unit(blocks, *item) for item in sorted(lengths.items())]) for blocks in sites])


def _unit(blocks: Blocks, key: tuple[int, ...], length: int) -> np.ndarray:
    values = blocks.get(key, np.zeros(length))
    return values / max(float(np.linalg.norm(values)), 1e-12)
