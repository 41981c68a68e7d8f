"""What a kind of target has to say of itself."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from jijbench.scores.metrics import Scores

Labels = Mapping[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Target(ABC):
    """A quantity to predict; compared by value. Each kind is a subclass and says how its values behave.

    Values are arrays (n, *shape) in ``unit``, errors alike. ``labels`` are what scores know of the samples beside their
    truth: ``magnetic`` (n,) bool and ``shell`` (n,).

    Attributes
    ----------
    name, shape, unit : as cards and task ids name it; shape of one sample's value
    headline : the score that tuning minimises and tables are ordered by
    symbol, subject : on an axis; in a title
    convention : a sentence
    neighbours : the target of the sites around, where both together start one calculation
    of_neighbour : whether it is of a site around the impurity
    kind : of all targets of this class
    columns : of a leaderboard, beside those that every target has
    shown : those of them that a page shows: column, heading, digits
    intervals : columns with the ends of the interval that is shown beside one
    error : the score that skills compare; against zero where ``reference_is_zero``, against the best floor elsewhere
    power : of the mean loss in the headline: 1, or 1/2 where the loss is a square
    compressed : whether predictions are stored as sums of a few common ones, as curves are
    analyses : what else can be said of rows that predict it
    directional : whether values turn with the structure; ``turned`` and ``renamed`` say how
    """

    name: str
    shape: tuple[int, ...] = ()
    unit: str
    headline: str
    symbol: str
    subject: str
    convention: str
    neighbours: str | None = None
    of_neighbour: bool = False

    kind: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    shown: ClassVar[tuple[tuple[str, str, int | None], ...]]
    intervals: ClassVar[Mapping[str, tuple[str, str]]]
    error: ClassVar[str] = "mae"
    reference_is_zero: ClassVar[bool] = False
    power: ClassVar[float] = 1.0
    compressed: ClassVar[bool] = False
    analyses: ClassVar[frozenset[str]] = frozenset()
    directional: ClassVar[bool] = False

    @abstractmethod
    def scores(self, truth: np.ndarray, mean: np.ndarray, weight: np.ndarray, labels: Labels) -> Scores:
        """All scores of predictions ``mean`` (n, *shape), weighted by ``weight`` (n,)."""

    def score(
        self, name: str, truth: np.ndarray, mean: np.ndarray, weight: np.ndarray, labels: Labels
    ) -> float | int | None:
        """One of the scores."""
        return self.scores(truth, mean, weight, labels)[name]

    def counted(self, labels: Labels) -> np.ndarray:
        """(n,) bool: the samples that the headline counts."""
        return np.ones(len(labels["magnetic"]), dtype=bool)

    @abstractmethod
    def loss(self, values: np.ndarray) -> np.ndarray:
        """(n,) what the headline is the weighted mean of, of errors; of truths, what they are measured by."""

    def size(self, values: np.ndarray) -> np.ndarray:
        """(n,) how large each value is, in ``unit``."""
        return self.loss(values) ** self.power

    def points(self, values: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """(n,) what a parity plot shows of predictions beside the truth, or of the truth itself."""
        return self.size(values if values is truth else values - truth)

    def deviations(self, error: np.ndarray, std: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Errors and standard deviations (n,) that calibration looks at; None for a kind that has no scores of them."""
        return None

    @property
    def fields(self) -> tuple[str, ...]:
        """Columns of a table that holds values, one for each component."""
        return (f"{self.name}_{self.unit.lower()}",)

    @property
    def volume(self) -> np.ndarray | None:
        """(k,) what the points of a curve weigh, of sum one; None for other values."""
        return None

    def projected(self, truth: np.ndarray, basis: np.ndarray) -> np.ndarray:
        """(n, *shape) the best approximation of the truth by a model's ``basis`` (m, size)."""
        raise TypeError(f"{self.name} is no curve and has no basis")

    def turned(self, values: np.ndarray, turn: np.ndarray) -> np.ndarray:
        """Values of structures that an orthogonal ``turn`` (3, 3) has moved, crystal and all."""
        return values

    def renamed(self, values: np.ndarray) -> np.ndarray:
        """Values of the same pairs with i and j named the other way round."""
        return values

    def as_json(self) -> dict[str, Any]:
        """Plain, for models and cards; ``jijbench.targets.restored`` reads it."""
        return {"kind": self.kind} | asdict(self)
