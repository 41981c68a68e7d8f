"""Which impurities have lost their valence s electrons below the energy window of the calculation.

A KKR run fills the states between a lower bound and the Fermi energy. Where the s level of an electronegative impurity
lies below that bound, its two electrons are not counted, or not twice where the level is also kept as a core state: the
potential then goes to another branch, about 0.5 Ry away. Self-consistency moves the level with the host's Fermi energy,
so the branch is told by u = E_F + e_s (Ry), e_s the s level of the atom's start potential: the lost have a small u. The
bound is not among the data: it is the cut through u that makes the training curves most likely, and each element may
depart from it a little, by a logistic regression on u and the element.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

#: widths (Ry) in u over which, and weight with which, an element departs from the common cut; inverse of the penalty
U_WIDTH, ELEMENT_WEIGHT, PENALTY_INVERSE = 0.1, 0.7, 100.0


@dataclass(frozen=True)
class Odds:
    """log-odds of being lost = bias + slope u + what the element adds."""

    bias: float
    slope: float
    elements: dict[str, float]

    def probability(self, u: np.ndarray, elements: Sequence[str]) -> np.ndarray:
        """(n,) that rows of ``u`` and ``elements`` are lost."""
        odds = self.bias + self.slope * u + np.array([self.elements.get(e, 0.0) for e in elements])
        return 1.0 / (1.0 + np.exp(-np.clip(odds, -50.0, 50.0)))


def best_cut(u: np.ndarray, misfit: Callable[[np.ndarray], float]) -> np.ndarray:
    """(n,) 1.0 for rows below the cut with the smallest ``misfit`` (of such an array), else 0.0.

    Cuts lie between neighbouring values of ``u``, below all of them (none is lost), and below zero.
    """
    values = np.unique(np.round(u[u < 0.0], 6))
    cuts = [-np.inf, *((values[1:] + values[:-1]) / 2)]
    tried = [(u < cut).astype(float) for cut in cuts]
    return tried[int(np.argmin([misfit(lost) for lost in tried]))]


def learn_odds(u: np.ndarray, elements: Sequence[str], lost: np.ndarray) -> Odds:
    """The logistic regression of ``lost`` (n,) 0 or 1 on u and elements."""
    from sklearn.linear_model import LogisticRegression

    if len(set(lost)) == 1:
        return Odds(100.0 * lost[0] - 50.0, 0.0, {})
    names = sorted(set(elements))
    x = np.column_stack([u / U_WIDTH, ELEMENT_WEIGHT * (np.array(elements)[:, None] == np.array(names))])
    model = LogisticRegression(C=PENALTY_INVERSE, max_iter=2000).fit(x, lost)
    weights = model.coef_[0]
    own = {name: float(ELEMENT_WEIGHT * w) for name, w in zip(names, weights[1:], strict=True)}
    return Odds(float(model.intercept_[0]), float(weights[0] / U_WIDTH), own)
