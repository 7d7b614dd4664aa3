"""A trained RecBole model as a policy.

Derive a class that says where the model is, and name it in a scenario::

    # my_recbole.py
    from habitue.recbole import RecBolePolicy

    class Bpr(RecBolePolicy):
        checkpoint = "saved/BPR-Nov-25-2026.pth"
        temperature = 0.5

    # policies/my-bpr.toml
    kind   = "external"
    python = "my_recbole:Bpr"

The model must have been trained on files of :func:`habitue.datasets.to_recbole`, or on others whose user and item ids are
the keys of the run's users and items. RecBole 1.2 needs NumPy below 2.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .policy import Policy, Request, Slate, ranked

__all__ = ["RecBolePolicy", "load"]


def load(checkpoint: str | Path) -> tuple[Any, Any]:
    """Loads a checkpoint of RecBole's trainer.

    Parameters
    ----------
    checkpoint : path
        The ``.pth`` file. It is a pickle: load only what you trust.

    Returns
    -------
    model, dataset
        The model, ready to predict, and the data set that knows its ids.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ModuleNotFoundError
        RecBole is not installed.
    """
    path = Path(checkpoint)
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint {path.absolute()}")
    try:
        import torch
        from recbole.data import create_dataset, data_preparation
        from recbole.utils import get_model, init_seed
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"RecBolePolicy needs RecBole: pip install recbole ({error})") from error
    logging.getLogger("recbole").setLevel(logging.ERROR)
    # As recbole.quick_start.load_data_and_model, which newer versions of torch do not let read its own files.
    saved = torch.load(path, map_location="cpu", weights_only=False)
    config = saved["config"]
    config["device"] = torch.device("cpu")
    init_seed(config["seed"], config["reproducibility"])
    dataset = create_dataset(config)
    train, _, _ = data_preparation(config, dataset)
    model = get_model(config["model"])(config, train._dataset)
    model.load_state_dict(saved["state_dict"])
    model.load_other_parameter(saved.get("other_parameter"))
    model.eval()
    return model, dataset


class RecBolePolicy(Policy):
    """Ranks by a model's ``full_sort_predict``.

    Sequential models are given what users engaged with in the run, others the number of the user. Users whom the model does
    not know, or who engaged with nothing yet, get the items by how often they occur in its data. Items that it does not know come
    last, as if they scored the least of all known ones.

    Attributes
    ----------
    checkpoint : str
        The ``.pth`` file of RecBole's trainer, from the folder that the policy starts in.
    temperature : float or None
        Of a Plackett-Luce draw over the scores, with exact propensities; ``None`` shows the best with certainty.
    """

    checkpoint: str = ""
    temperature: float | None = None

    def start(self, world: Any) -> None:
        """Loads the model."""
        if not self.checkpoint:
            name = type(self).__name__
            raise ValueError(f"{name}.checkpoint is empty, expected the path of a .pth file of RecBole's trainer")
        self._attach(*load(self.checkpoint))

    def _attach(self, model: Any, dataset: Any) -> None:
        if not hasattr(model, "full_sort_predict"):
            raise ValueError(f"{type(model).__name__} has no full_sort_predict, expected a model that scores all items")
        self._model, self._dataset = model, dataset
        self._user_field, self._item_field = dataset.uid_field, dataset.iid_field
        self._users = dataset.field2token_id[self._user_field]
        self._items = dataset.field2token_id[self._item_field]
        counts = np.bincount(np.asarray(dataset.inter_feat[self._item_field]), minlength=dataset.item_num)
        self._popularity = np.log1p(counts.astype(np.float64))
        self._columns: tuple[list[str], np.ndarray] | None = None
        if not any(key in self._items for key in self.world.items):
            known = ", ".join(list(self._items)[1:4])
            raise ValueError(
                f"the model knows none of the {len(self.world.items)} items of this run; it knows {known}, ... Expected a "
                "model trained on files of habitue.datasets.to_recbole"
            )

    def recommend(self, requests: Sequence[Request]) -> list[Slate]:
        """Scores all users of the batch at once."""
        available = self.world.available
        columns = self._numbers(available)
        slates = []
        for request, row in zip(requests, self._scores(requests), strict=True):
            known = row[np.maximum(columns, 0)]
            least = known[columns >= 0].min(initial=np.inf)
            scores = np.where(columns >= 0, known, least if np.isfinite(least) else 0.0)
            slates.append(ranked(request, available, scores, temperature=self.temperature))
        return slates

    def snapshot(self) -> None:
        """The model does not learn from the run."""

    def restore(self, state: Any) -> None:
        """Nothing was learnt."""

    def user_id(self, user: int) -> str:
        """The id of a user of the run in the model's data: its number, as :func:`habitue.datasets.to_recbole` writes it."""
        return str(user)

    def _numbers(self, available: list[str]) -> np.ndarray:
        """RecBole's numbers of the available items, -1 for those it does not know."""
        if self._columns is None or self._columns[0] is not available:
            numbers = np.array([self._items.get(key, -1) for key in available], dtype=np.int64)
            self._columns = (available, numbers)
        return self._columns[1]

    def _scores(self, requests: Sequence[Request]) -> np.ndarray:
        """Scores of all items of the model, shape ``(requests, items)``."""
        import torch

        scores = np.tile(self._popularity, (len(requests), 1))
        sequential = hasattr(self._model, "ITEM_SEQ")
        inputs = self._sequences(requests) if sequential else self._known_users(requests)
        if inputs is None:
            return scores
        rows, interaction = inputs
        with torch.no_grad():
            predicted = self._model.full_sort_predict(interaction)
        scores[rows] = predicted.view(len(rows), -1).double().numpy()
        return scores

    def _known_users(self, requests: Sequence[Request]) -> tuple[np.ndarray, Any] | None:
        import torch
        from recbole.data.interaction import Interaction

        users = np.array([self._users.get(self.user_id(request.user), 0) for request in requests])
        rows = np.flatnonzero(users)
        if rows.size == 0:
            return None
        return rows, Interaction({self._user_field: torch.from_numpy(users[rows])})

    def _sequences(self, requests: Sequence[Request]) -> tuple[np.ndarray, Any] | None:
        """What users engaged with, oldest first, as sequential models take it."""
        import torch
        from recbole.data.interaction import Interaction

        longest = self._model.max_seq_length
        sequences = np.zeros((len(requests), longest), dtype=np.int64)
        lengths = np.zeros(len(requests), dtype=np.int64)
        for row, request in enumerate(requests):
            engaged = [past.item for past in request.history if self.world.is_engaged(past.action)]
            numbers = [self._items[item] for item in engaged if item in self._items][-longest:]
            sequences[row, : len(numbers)], lengths[row] = numbers, len(numbers)
        rows = np.flatnonzero(lengths)
        if rows.size == 0:
            return None
        fields = {self._model.ITEM_SEQ: sequences[rows], self._model.ITEM_SEQ_LEN: lengths[rows]}
        return rows, Interaction({name: torch.from_numpy(values) for name, values in fields.items()})
