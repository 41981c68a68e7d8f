"""A Gaussian approximation potential whose energy is J, fitted by QUIP's own program."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np

from jijbench.adapters._gap_fit import ENERGY, Files, energies, gap_fit, read_files, write_files
from jijbench.adapters.base import AdapterInfo, Folds, MomentGated
from jijbench.data.sample import Sample
from jijbench.data.task import Question
from jijbench.elements import atomic_number, symbol
from jijbench.errors import DataError, UnknownElement
from jijbench.targets import JIJ, Target

if TYPE_CHECKING:
    from ase import Atoms

#: 3d, 4d and 5d metals, one column of the periodic table after the other: (21, 39, 71), (22, 40, 72), …
COLUMNS = tuple(zip(range(21, 31), range(39, 49), range(71, 81), strict=True))
TRANSITION = 1.0  # Å over which the density of neighbours fades at the cutoff
FOLDER = "gap"  # of a saved model, with QUIP's own files in it


class Gap(MomentGated):
    """Sparse Gaussian process on SOAP spectra of the two impurity sites, J = ε(i) + ε(j).

    J stands for the energy of the cluster, in meV as if they were eV (gap_fit's jitter of 10⁻¹⁰ expects energies
    of the order of one), host atoms are no centres, and the prior mean is zero. All centres share one process with
    k(i, i') = δ² (p_i·p_i' / |p_i||p_i'|)^ζ; which element sits there is known from its own density in p. So an
    element that training has not seen still has a finite ε. The cutoff exceeds the largest pair distance, so each
    site sees the other.

    The full spectrum of so many elements is too long for gap_fit. ``compression = 'group'``: QUIP's Z_map, the
    product of a density with one channel a column of the periodic table (Cr, Mo and W are one; each host element
    has its own) and of the density of all atoms. ``'element'``: ν_R = ν_S = 1 of Darby et al., a channel each
    element. There is no two-body term: one for each of the 63 pairs of elements with a J breaks the limit that
    gap_fit sets to its command line, and on inner folds an exact Gaussian process did worse with it at any weight.

    J is exactly zero where an impurity has no moment. Of these rows only ``zero_rows``, drawn with the seed, are
    learned from, and all rows with another J: a fit costs in proportion to rows × ``n_sparse``, the sparse points
    that are drawn at random from the sites. ``n_zero_rows_`` says how many it were.

    ``sigma`` Å, ``r_cut`` Å, ``delta`` and ``noise`` meV (prior of ε, error of J). The GAP knows the d metals, the
    impurities and the hosts of its training; another element raises ``UnknownElement``, and an impurity of the same
    element as a host atom ``DataError``, for QUIP tells centres by their element.
    """

    requires: ClassVar[tuple[str, ...]] = ("quippy-ase",)
    gives_std: ClassVar[bool] = False  # QUIP has the variance of ε(i) and of ε(j), not their covariance
    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="Bartók, Payne, Kondor, Csányi, PRL 104, 136403 (2010); Klawohn et al., JCP 159, 174108 (2023); "
        "compression: Darby, Kermode, Csányi, npj Comput. Mater. 8, 166 (2022)",
        licence="GPL-2.0 (quippy), Academic Software Licence (GAP): non-commercial",
        kind="potential",
        compressed_species=True,
    )
    cheap: ClassVar[dict[str, Any]] = {"n_max": 4, "l_max": 1, "n_sparse": 60}

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, compression: Literal["group", "element"] = "group",
        n_sparse: int = 400, n_max: int = 8, l_max: int = 1, sigma: float = 1.0, zeta: int = 8, r_cut: float = 12.0,
        delta: float = 2.0, noise: float = 1.0, zero_rows: int = 1000,
    ) -> None:  # fmt: skip
        super().__init__(target=target, seed=seed)
        self.compression = compression
        self.n_sparse = n_sparse
        self.n_max = n_max
        self.l_max = l_max
        self.sigma = sigma
        self.zeta = zeta
        self.r_cut = r_cut
        self.delta = delta
        self.noise = noise
        self.zero_rows = zero_rows

    @classmethod
    def refuses(cls, question: Question) -> str | None:
        if question.inputs.startswith("composition"):
            return f"needs positions, which the inputs {question.inputs!r} do not release"
        return super().refuses(question)

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {
            "compression": trial.suggest_categorical("compression", ["group", "element"]),
            "n_sparse": trial.suggest_categorical("n_sparse", [200, 400, 600]),
            "n_max": trial.suggest_categorical("n_max", [6, 8, 10, 12]),
            "l_max": trial.suggest_int("l_max", 0, 2),
            "sigma": trial.suggest_categorical("sigma", [0.7, 1.0, 1.3]),
            "zeta": trial.suggest_int("zeta", 2, 10),
            "noise": trial.suggest_float("noise", 0.3, 3.0, log=True),
        }

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        rows = learned_rows(y, self.zero_rows, self.seed)
        self.n_zero_rows_ = int((y[rows] == 0).sum())
        self.hosts_ = sorted({z for sample in samples for z in _host_numbers(sample).tolist()})
        metals = {z for column in COLUMNS for z in column}
        self.centres_ = sorted((metals | {z for s in samples for z in _impurity_numbers(s)}) - set(self.hosts_))
        self._refuse_strangers(samples)
        self._files: Files = ()
        if np.any(y):
            clusters = [self._cluster(samples[k], float(y[k])) for k in rows]
            self._files = gap_fit(clusters, self._soap(2 * len(rows)), self.noise, self.seed)

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        self._refuse_strangers(samples)
        if not self._files:  # nothing but zeros in training
            return np.zeros(len(samples))
        atoms, sites = in_a_row(samples, self.r_cut)
        return energies(self._files, atoms)[sites].sum(1)

    def _cluster(self, sample: Sample, y: float) -> "Atoms":
        atoms, _ = in_a_row([sample], self.r_cut)
        atoms.info[ENERGY] = y
        return atoms

    def _soap(self, n_sites: int) -> str:
        """The descriptor and its Gaussian process in QUIP's words."""
        species = self.centres_ + self.hosts_
        settings = {
            "cutoff": self.r_cut, "cutoff_transition_width": TRANSITION, "n_max": self.n_max, "l_max": self.l_max,
            "atom_sigma": self.sigma, "n_species": len(species), "species_Z": _braced(species),
            "n_Z": len(self.centres_), "Z": _braced(self.centres_), "add_species": "F",
            "covariance_type": "dot_product", "zeta": self.zeta, "delta": self.delta,
            "n_sparse": min(self.n_sparse, n_sites), "sparse_method": "random",
        }  # fmt: skip
        words = [f"{name}={value}" for name, value in settings.items()]
        return " ".join(["soap", *words, *self._compressed()])

    def _compressed(self) -> list[str]:
        if self.compression not in ("group", "element"):
            raise DataError(f"compression is {self.compression!r}; use 'group' or 'element'")
        if self.compression == "element":
            return ["nu_R=1", "nu_S=1"]
        groups = [[z for z in column if z in self.centres_] for column in COLUMNS]
        grouped = {z for group in groups for z in group}
        groups += [[z] for z in self.centres_ + self.hosts_ if z not in grouped]
        channels = ",".join(" ".join(map(str, group)) for group in groups if group)
        everything = " ".join(map(str, self.centres_ + self.hosts_))
        return [f"Z_map={{{{{channels}:{everything}}}}}"]

    def _refuse_strangers(self, samples: Sequence[Sample]) -> None:
        for sample in samples:
            for z in _impurity_numbers(sample):
                if z in self.hosts_:
                    raise DataError(
                        f"impurity {symbol(z)} of {sample.id} is of the same element as host atoms, and QUIP tells "
                        "centres by their element; use a model that knows the sites"
                    )
                _known(z, self.centres_, f"impurity of {sample.id}")
            for z in np.unique(_host_numbers(sample)).tolist():
                _known(z, self.hosts_, f"host atom of {sample.id}")

    def save(self, folder: Path) -> None:
        super().save(folder)
        if self.n_learned_:
            write_files(folder / FOLDER, self._files)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = super().load(folder)
        if model.n_learned_:
            model._files = read_files(folder / FOLDER)
        return model


def learned_rows(y: np.ndarray, zero_rows: int, seed: int) -> np.ndarray:
    """Rows in order: all whose J is not exactly zero, and at most ``zero_rows`` of the others, drawn at random."""
    zeros = np.flatnonzero(y == 0)
    drawn = np.random.default_rng(seed).choice(zeros, min(zero_rows, len(zeros)), replace=False)
    return np.sort(np.concatenate([np.flatnonzero(y), drawn]))


def in_a_row(samples: Sequence[Sample], apart: float) -> tuple["Atoms", np.ndarray]:
    """Clusters side by side in one periodic cell, more than ``apart`` Å of vacuum around each.

    Also (n, 2) the indices of each pair's impurities.
    """
    from ase import Atoms

    gap = apart + 1.0
    corners = [sample.positions.min(axis=0) for sample in samples]
    widths = [np.ptp(sample.positions[:, 0]) + gap for sample in samples]
    starts = np.cumsum([0.0, *widths])
    moves = [np.array([start, 0.0, 0.0]) - corner for start, corner in zip(starts, corners, strict=False)]
    places = np.concatenate([sample.positions + move for sample, move in zip(samples, moves, strict=True)])
    first = np.cumsum([0, *(len(sample.positions) for sample in samples)])[:-1]
    sites = np.array([sample.impurities[:2] for sample in samples]) + first[:, None]
    cell = [starts[-1], *(np.ptp(places[:, 1:], axis=0) + gap)]
    return Atoms(np.concatenate([sample.numbers for sample in samples]), places, cell=cell, pbc=True), sites


def _impurity_numbers(sample: Sample) -> list[int]:
    return [atomic_number(element) for element in sample.elements]


def _host_numbers(sample: Sample) -> np.ndarray:
    return np.delete(sample.geometry.numbers, list(sample.impurities))


def _known(z: int, table: Sequence[int], what: str) -> None:
    if z not in table:
        known = ", ".join(symbol(n) for n in table)
        raise UnknownElement(f"{symbol(z)}, {what}, is not in the table of this GAP; it knows {known}")


def _braced(numbers: Sequence[int]) -> str:
    """A list within a list, as gap_fit wants it."""
    return f"{{{{{' '.join(map(str, numbers))}}}}}"
