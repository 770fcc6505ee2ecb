"""Datasets: loaders for real ones that a person brings, and simulators of our own."""

from __future__ import annotations

from deepfield.dataset import Dataset
from deepfield.hookspecs import hookimpl

__all__ = ["register_datasets"]


@hookimpl
def register_datasets() -> list[Dataset]:
    from deepfield_datasets.brain_mri import BrainMri
    from deepfield_datasets.card_transactions import CardTransactions
    from deepfield_datasets.chest_xray import ChestXray
    from deepfield_datasets.movielens_1m import MovieLens1M
    from deepfield_datasets.online_retail import OnlineRetail
    from deepfield_datasets.roads.dataset import SyntheticRoads
    from deepfield_datasets.synthetic_shoppers import SyntheticShoppers
    from deepfield_datasets.synthetic_transactions import SyntheticTransactions
    from deepfield_datasets.tusimple import TuSimpleLanes

    return [
        BrainMri(),
        CardTransactions(),
        ChestXray(),
        MovieLens1M(),
        OnlineRetail(),
        SyntheticRoads(),
        SyntheticShoppers(),
        SyntheticTransactions(),
        TuSimpleLanes(),
    ]
