"""Critical temperature where the Binder cumulants of two sizes cross."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jijbench.errors import JijbenchError
from jijbench.spin.heat_bath import Samples


class NoCrossing(JijbenchError):
    """The cumulants of two sizes do not cross within the temperatures that were run."""


@dataclass(frozen=True)
class Critical:
    """``tc`` and its standard error ``error`` (K), and the cumulants (t,) of the smaller and the larger size.

    Both are None where the cumulants do not cross; ``note`` says so.
    """

    tc: float | None
    error: float | None
    temperatures: np.ndarray
    small: np.ndarray
    large: np.ndarray
    note: str = ""


def cumulant(m2: np.ndarray, m4: np.ndarray) -> np.ndarray:
    """U = 1 − ⟨m⁴⟩ / 3⟨m²⟩²: 2/3 in perfect order, 4/9 for free three-component spins."""
    return 1.0 - m4 / (3.0 * m2**2)


def units(samples: Sequence[Samples]) -> np.ndarray:
    """(u, 2, t) means of m² and m⁴ of the independent parts: realisations, or the blocks of a single one."""
    if len(samples) == 1:
        return np.stack([samples[0].m2, samples[0].m4], axis=1)
    return np.array([[s.m2.mean(0), s.m4.mean(0)] for s in samples])


def critical(small: Sequence[Samples], large: Sequence[Samples]) -> Critical:
    """Crossing of the cumulants of two sizes, each from one or more realisations at the same temperatures.

    m² and m⁴ are averaged over realisations first; the error is the jackknife over realisations (over blocks where
    there is one). Raises ``NoCrossing``, also where the crossing hangs on one realisation.
    """
    temperatures = small[0].temperatures
    parts = units(small), units(large)
    means = [part.mean(0) for part in parts]
    tc = crossing(temperatures, *(cumulant(*mean) for mean in means))
    variance = 0.0
    for which, part in enumerate(parts):
        left_out = [(part.sum(0) - one) / (len(part) - 1) for one in part] if len(part) > 1 else []
        pairs = [(mean, means[1]) if which == 0 else (means[0], mean) for mean in left_out]
        found = np.array([crossing(temperatures, cumulant(*a), cumulant(*b)) for a, b in pairs])
        if len(found):
            variance += (len(found) - 1) / len(found) * float(((found - found.mean()) ** 2).sum())
    return Critical(tc, float(np.sqrt(variance)), temperatures, cumulant(*means[0]), cumulant(*means[1]))


def uncrossed(small: Sequence[Samples], large: Sequence[Samples], note: str) -> Critical:
    """The cumulants alone, of sizes that do not cross."""
    curves = [cumulant(*units(size).mean(0)) for size in (small, large)]
    return Critical(None, None, small[0].temperatures, curves[0], curves[1], note)


def crossing(temperatures: np.ndarray, small: np.ndarray, large: np.ndarray) -> float:
    """Temperature above which the larger size's cumulant lies below the smaller one's.

    Far below and far above T_c both sizes agree and noise crosses at will, so the temperatures are parted where the
    difference has most on the right side of zero on both sides; between the two neighbours of that place it is taken
    as linear. Raises ``NoCrossing``.
    """
    gap = large - small
    right = [gap[:k].sum() - gap[k:].sum() for k in range(len(gap) + 1)]
    k = int(np.argmax(right))
    if k in (0, len(gap)):
        raise NoCrossing(
            f"the Binder cumulants do not cross between {temperatures.min():.1f} and {temperatures.max():.1f} K "
            f"(large minus small: {gap[0]:+.3f} … {gap[-1]:+.3f}); choose other temperatures, larger sizes, more "
            "realisations or more sweeps"
        )
    share = gap[k - 1] / (gap[k - 1] - gap[k])
    return float(temperatures[k - 1] + share * (temperatures[k] - temperatures[k - 1]))
