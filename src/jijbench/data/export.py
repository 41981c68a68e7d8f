"""Write a dataset for other programs: every sample with its truth in one extended XYZ file."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from jijbench.data.dataset import Dataset
from jijbench.files import write_atomically

if TYPE_CHECKING:
    from ase import Atoms


def labelled_frames(dataset: Dataset) -> Iterator["Atoms"]:
    """One ``ase.Atoms`` a sample: the cluster with its impurities in place (array ``impurity`` 1, 2, …), pbc off.

    ``info`` holds ``id``, ``host``, ``orbit``, ``elements`` (``Fe-Co``), ``distance_angstrom``, ``moments_mub`` where
    known, and each target under name and unit: ``jij_mev``, ``dij_mev`` (3,), …
    """
    truths = {f"{name}_{dataset.target(name).unit.lower()}": dataset.truth(name) for name in dataset.card.targets}
    for k, sample in enumerate(dataset.samples):
        atoms = sample.atoms
        atoms.info.update(elements="-".join(sample.elements), distance_angstrom=sample.distance)
        if sample.moments is not None:
            atoms.info["moments_mub"] = sample.moments
        atoms.info.update(
            {name: truth[k].tolist() if truth[k].shape == () else truth[k] for name, truth in truths.items()}
        )
        yield atoms


def export_extxyz(dataset: Dataset, path: Path) -> int:
    """Write every sample as a frame of one extended XYZ file (Å, host's cell), whole or not; returns their number."""
    from ase.io import write

    frames, text = list(labelled_frames(dataset)), io.StringIO()
    write(text, frames, format="extxyz")
    write_atomically(path, text.getvalue().encode())
    return len(frames)
