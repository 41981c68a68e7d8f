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
    """``tc`` and its standard error ``error`` (K), and the cumulants (t,) of the smaller and the larger size."""

    tc: float
    error: float
    temperatures: np.ndarray
    small: np.ndarray
    large: np.ndarray


def cumulant(m2: np.ndarray, m4: np.ndarray) -> np.ndarray:
    """U = 1 − ⟨m⁴⟩ / 3⟨m²⟩²: 2/3 in perfect order, 4/9 for free three-component spins."""
    return 1.0 - m4 / (3.0 * m2**2)


def units(samples: Sequence[Samples]) -> np.ndarray:
    """(u, 2, t) means of m² and m⁴ of the independent parts: realisations, or the blocks of a single one."""
    if len(samples) == 1:
        return np.stack([samples[0].m2, samples[0].m4], axis=1)
    return np.array([[s.m2.mean(0), s.m4.mean(0)] for s in samples])


def critical(small: Sequence[Samples], large: Sequence[Samples], degree: int = 2) -> Critical:
    """Crossing of the cumulants of two sizes, each from one or more realisations at the same temperatures.

    The difference of the two is fitted by a polynomial in T, its error is the jackknife over realisations (blocks
    where there is one). m² and m⁴ are averaged over realisations first. Raises ``NoCrossing``.
    """
    temperatures = small[0].temperatures
    parts = units(small), units(large)
    tc = _root(temperatures, parts[0].mean(0), parts[1].mean(0), degree)
    variance = 0.0
    for which, part in enumerate(parts):
        if len(part) > 1:
            means = [(part.sum(0) - one) / (len(part) - 1) for one in part]
            pairs = [(mean, parts[1].mean(0)) if which == 0 else (parts[0].mean(0), mean) for mean in means]
            left_out = np.array([_root(temperatures, pair[0], pair[1], degree) for pair in pairs])
            variance += (len(part) - 1) / len(part) * float(((left_out - left_out.mean()) ** 2).sum())
    curves = [cumulant(*part.mean(0)) for part in parts]
    return Critical(tc, float(np.sqrt(variance)), temperatures, *curves)


def _root(temperatures: np.ndarray, small: np.ndarray, large: np.ndarray, degree: int) -> float:
    """Temperature at which the larger size's cumulant falls below the smaller one's."""
    gap = cumulant(*large) - cumulant(*small)
    centre, width = temperatures.mean(), np.ptp(temperatures) or 1.0
    fit = np.polynomial.Polynomial.fit((temperatures - centre) / width, gap, min(degree, len(gap) - 1))
    slope = fit.deriv()
    roots = [float(r.real) for r in fit.roots() if abs(r.imag) < 1e-9 and abs(r.real) <= 0.5 and slope(r.real) < 0]
    if not roots:
        raise NoCrossing(
            f"the Binder cumulants do not cross between {temperatures.min():.1f} and {temperatures.max():.1f} K "
            f"(large minus small: {gap[0]:+.3f} … {gap[-1]:+.3f}); choose other temperatures, larger sizes, more sweeps"
        )
    return float(centre + width * min(roots, key=abs))
