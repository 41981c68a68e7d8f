"""Composition features with AutoGluon: several tree ensembles, weighted on a hold-out."""

import contextlib
import io
import json
import logging
import shutil
import tempfile
import warnings
import weakref
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo, Folds, MomentGated, orbit_folds
from jijbench.context import current
from jijbench.data.sample import Sample
from jijbench.descriptors.composition import composition, pair_geometry, pair_moments
from jijbench.errors import DataError
from jijbench.targets import JIJ, Target

if TYPE_CHECKING:
    import pandas as pd

LABEL = "y"
ENSEMBLE = "WeightedEnsemble_L2"  # AutoGluon's name
CORES = MappingProxyType({"num_cpus": 1, "num_gpus": 0, "fit_strategy": "sequential"})


class AutoMl(MomentGated):
    """AutoGluon's weighted ensemble of LightGBM, XGBoost and ExtraTrees on CBFV features of the two elements.

    With ``geometry`` the pair's distance, its parts in and across the layers and the sublattice are added, as in the
    published work, which had the distance; without it the model cannot tell one shell from another, and its row
    says so. Released moments add their product and sum. The published work used mljar-supervised, which pulls a
    CUDA package and is therefore left out here.

    The models learn from the train part of one hold-out and stop early and are weighted on its valid part; then,
    with rounds and weights fixed, they are fitted anew on all rows. The hold-out is the first of ``folds`` that has
    both parts: bagging over five folds cost four times as much for about the same error, and its groups cannot say
    that a row is in neither part. No clock decides anything, trees are counted; only on a machine with less than
    512 MiB free does AutoGluon stop earlier.

    ``leaderboard_`` is a JSON list of the models with their error on the hold-out and their weight; ``n_valid_`` is
    the number of rows behind it.
    """

    requires: ClassVar[tuple[str, ...]] = ("autogluon.tabular", "CBFV")
    portable: ClassVar[str | None] = "AutoGluon saves pickles only"
    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="Erickson et al., AutoGluon-Tabular, arXiv:2003.06505 (2020); "
        "Oliynyk et al., Chem. Mater. 28, 7324 (2016); CBFV",
        licence="Apache-2.0 (AutoGluon), MIT (CBFV)",
        kind="composition",
    )
    cheap: ClassVar[dict[str, Any]] = {"n_rounds": 5, "n_trees": 5}

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, geometry: bool = False, n_rounds: int = 300, n_trees: int = 50
    ) -> None:
        super().__init__(target=target, seed=seed)
        self.geometry = geometry
        self.n_rounds = n_rounds
        self.n_trees = n_trees

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        train, valid = _hold_out(samples, folds)
        rest = np.setdiff1d(np.arange(len(samples)), np.concatenate([train, valid]))  # rows that the protocol dropped
        table = self._columns(samples).assign(**{LABEL: y})
        with _quiet():
            self._predictor = self._weighted(table.iloc[train], table.iloc[valid])
            self.leaderboard_, self.n_valid_ = json.dumps(_leaderboard(self._predictor)), len(valid)
            extra = table.iloc[rest] if len(rest) else None
            self._final = self._predictor.refit_full(ENSEMBLE, train_data_extra=extra, **CORES)[ENSEMBLE]

    def _weighted(self, train: "pd.DataFrame", valid: "pd.DataFrame") -> Any:
        """AutoGluon's predictor, its models fitted to ``train`` and weighted on ``valid``."""
        from autogluon.tabular import TabularPredictor

        folder = tempfile.mkdtemp(prefix="automl-", dir=current().scratch)
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)  # predicting reads it: it lives as we do
        predictor = TabularPredictor(
            LABEL, problem_type="regression", eval_metric="mean_absolute_error", path=folder, verbosity=0
        )
        return predictor.fit(
            train, tuning_data=valid, hyperparameters=self._models(), fit_weighted_ensemble=True,
            raise_on_model_failure=True, verbosity=0, **CORES,
        )  # fmt: skip

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        with _quiet():
            return self._predictor.predict(self._columns(samples), model=self._final).to_numpy(dtype=float)

    def _models(self) -> dict[str, dict[str, Any]]:
        # chosen once, by the hold-out of one training part of random-orbit; the absolute error as objective matters
        pinned = {"deterministic": True, "force_col_wise": True}  # else LightGBM times two ways and takes the faster
        return {
            "GBM": {"num_boost_round": self.n_rounds, "objective": "regression_l1", "num_leaves": 63,
                    "min_data_in_leaf": 3, "feature_fraction": 0.9, "seed": self.seed, **pinned},
            "XGB": {"n_estimators": self.n_rounds, "seed": self.seed},
            "XT": {"n_estimators": self.n_trees, "random_state": self.seed},
        }  # fmt: skip

    def _columns(self, samples: Sequence[Sample]) -> "pd.DataFrame":
        import pandas as pd

        parts = [composition(samples), pair_moments(samples)]
        columns = np.hstack([*parts, pair_geometry(samples)] if self.geometry else parts)
        return pd.DataFrame(columns, columns=[f"x{k}" for k in range(columns.shape[1])])


def _hold_out(samples: Sequence[Sample], folds: Folds | None) -> tuple[np.ndarray, np.ndarray]:
    """(train, valid) positions of the first fold that has both; raises ``DataError`` where there is none."""
    if folds is None and len({sample.orbit for sample in samples}) > 1:
        folds = orbit_folds(samples)
    for train, valid in folds or ():
        if len(train) and len(valid):
            return train, valid
    raise DataError(
        f"AutoGluon weights its models on left-out rows, and the folds of {len(samples)} rows have none with both a "
        "train and a valid part; give rows of more orbits"
    )


def _leaderboard(predictor: Any) -> list[dict[str, Any]]:
    """Models, best first, with their mean absolute error on the hold-out and their weight in the ensemble."""
    table = predictor.leaderboard()
    ensemble = predictor.info()["model_info"][ENSEMBLE]["children_info"]
    weights = next(iter(ensemble.values()))["model_weights"]
    errors = {name: round(-float(score), 6) for name, score in zip(table["model"], table["score_val"], strict=True)}
    order = sorted(errors, key=lambda name: (errors[name], name))  # AutoGluon's own order asks the clock at a tie
    return [{"model": name, "mae": errors[name], "weight": round(float(weights.get(name, 0)), 6)} for name in order]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Nothing is printed, logged or warned inside; logging is afterwards as it was."""
    logger, disabled = logging.getLogger("autogluon"), logging.root.manager.disable
    level, propagate, handlers = logger.level, logger.propagate, list(logger.handlers)
    silence = io.StringIO()
    try:
        logging.disable(logging.CRITICAL)
        with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        logger.setLevel(level)
        logger.propagate, logger.handlers[:] = propagate, handlers
