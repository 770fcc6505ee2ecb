"""MovieLens-1M as papers on sequential recommendation use it, from a folder that a person names.

Rows, in the file's order: ``user_id``, ``item_id``, ``place`` (of the event among the user's, from
1) and, if the list of films lies beside, ``title`` and ``genres``. The file has no times: its order
is what counts, and sorting the ratings anew by their times would change a quarter of the last ones.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from deepfield.dataset import DatasetCard, RealDataset
from deepfield.errors import InputError

__all__ = ["MovieLens1M"]

FILE = "ml-1m_sas.txt.gz"
FILMS = "sas_item_to_movie.csv.gz"


class MovieLens1M(RealDataset):
    name = "movielens-1m"
    card = DatasetCard(
        title="MovieLens-1M, as sequences",
        summary="A million ratings of 3,416 films by 6,040 people, as the films that each rated, "
        "one after another.",
        license="GroupLens: research only, no redistribution",
        source="https://grouplens.org/datasets/movielens/1m/",
        citation="Harper and Konstan, The MovieLens Datasets, ACM Transactions on Interactive "
        "Intelligent Systems 5(4) (2015); prepared as by Kang and McAuley, Self-Attentive "
        "Sequential Recommendation, ICDM (2018)",
        traps=(
            "Nothing that was learned from it may be given away: neither weights nor titles.",
            "Ratings share their second with others of the same person: keep the file's order.",
            "People rated lists that the site showed them, so the next film tells of the site too.",
            "Figures are comparable only if all films are ranked, not a hundred drawn at random.",
        ),
    )

    def load(self, folder: Path) -> pd.DataFrame:
        path = self.folder(folder) / FILE
        try:
            frame = pd.read_csv(
                path, sep=" ", header=None, names=["user_id", "item_id"], dtype="int32"
            )
        except (OSError, ValueError, EOFError) as error:
            raise InputError(
                f"{str(folder)!r} holds no sequences of MovieLens-1M: a file {FILE!r} was expected "
                f"in it, a user's and an item's number in each line. It is made from the ratings "
                f"of {self.card.source}."
            ) from error
        frame["place"] = frame.groupby("user_id").cumcount() + 1
        films = Path(folder) / FILMS
        if films.is_file():
            names = pd.read_csv(films).set_index("sas_item")[["title", "genres"]]
            frame = frame.join(names, on="item_id")
        return frame
