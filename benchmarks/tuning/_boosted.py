"""CatBoost and LightGBM, where they are installed: peers that are fitted in the same folds, on the same columns.

They are no part of the development set-up: ``pip install catboost lightgbm`` beside it, and they are measured too.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["boosted"]


def boosted(
    numeric: Sequence[str], categorical: Sequence[str], *, quick: bool = False
) -> dict[str, Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]]:
    """Return the peers that are installed, each of which learns the logarithm of `price` and predicts another table."""
    rounds = 20 if quick else 800
    made: dict[str, Callable[[], Any]] = {}
    if find_spec("catboost") is not None:
        catboost = import_module("catboost").CatBoostRegressor
        settings = {"random_seed": 0, "verbose": False, "allow_writing_files": False, "thread_count": 1}
        made["CatBoost"] = lambda: catboost(rounds, 0.05, 6, cat_features=[*categorical], **settings)
    if find_spec("lightgbm") is not None:
        lightgbm = import_module("lightgbm").LGBMRegressor
        made["LightGBM"] = lambda: lightgbm(
            n_estimators=rounds // 2, learning_rate=0.03, num_leaves=15, min_child_samples=10,
            random_state=0, n_jobs=1, verbose=-1,
        )  # fmt: skip
    return {name: _model(make, numeric, categorical) for name, make in made.items()}


def _model(
    make: Callable[[], Any], numeric: Sequence[str], categorical: Sequence[str]
) -> Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]:
    def predicted(train: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
        levels = {column: pd.CategoricalDtype(sorted({*map(str, train[column])})) for column in categorical}
        model = make()
        is_cat = type(model).__name__.startswith("Cat")

        def columns(rows: pd.DataFrame) -> pd.DataFrame:
            texts = rows[[*categorical]].astype(str)
            known = {name: texts[name].where(texts[name].isin(kind.categories)) for name, kind in levels.items()}
            return rows[[*numeric]].astype(float).join(texts if is_cat else pd.DataFrame(known).astype(levels))

        model.fit(columns(train), np.log(train["price"]))
        return pd.DataFrame({"price": np.exp(model.predict(columns(test)))}, index=test.index)

    return predicted
