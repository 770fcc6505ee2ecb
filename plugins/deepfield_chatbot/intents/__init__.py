"""Intents: what does a message want, of the things that one was taught, or is it none of them?"""

from __future__ import annotations

import pandas as pd
from pydantic import Field

from deepfield.domain import Domain, ModelSpec, Options
from deepfield.fields import Label, Probability, Records, Text
from deepfield.table import Table

__all__ = ["OUT_OF_SCOPE", "IntentFitOptions", "Intents", "IntentsOptions"]

OUT_OF_SCOPE = ("oos", "out_of_scope", "out-of-scope", "out of scope", "other", "none")
"""Labels, in small letters or capitals, of examples that are none of the intents."""


class IntentsOptions(Options):
    """What a person may set."""

    max_error: float = Field(
        0.2,
        ge=0.01,
        le=0.9,
        title="Accepted error rate",
        description="mark answers unsure so that of the others at most this share is wrong, as "
        "held-out examples showed",
    )
    listed: int = Field(
        3,
        ge=1,
        le=10,
        title="Intents listed",
        description="how many of the likeliest intents are given with each answer",
    )


class IntentFitOptions(Options):
    """What a person may set when fitting to their own examples."""

    epochs: int = Field(
        0,
        ge=0,
        le=1000,
        title="Epochs",
        description="how often every example is seen; 0 chooses by their number",
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, title="Seed", description="of all that is drawn")


class Intents(Domain):
    name = "intents"
    title = "Intents"
    question = "What does this message want: which of the things that you taught, or none of them?"
    icon = ":material/alt_route:"
    notice = (
        "It knows the intents that it was shown and calls all else unfamiliar. The shipped model "
        "knows everyday requests in English; fit one to examples of your own before you route "
        "anybody's messages by it."
    )
    example = (
        "The built-in example is a dozen requests that we made up, and four messages that want "
        "none of the 150 things that the shipped model knows."
    )
    inputs = Table(
        Text(
            "text",
            help="one message, in the words of whoever wrote it",
            aliases=(
                "message", "query", "utterance", "question", "sentence", "request", "prompt",
            ),
        )
    )  # fmt: skip
    outputs = Table(
        Label(
            "intent",
            help="what the message wants; the label of what is out of scope where the model was "
            "shown examples of that, else the likeliest intent",
        ),
        Records(
            "likeliest",
            parts=(Label("intent"), Probability("probability")),
            help="the likeliest intents, the best first, with their probabilities if the message "
            "is in scope at all",
        ),
    )
    Options = IntentsOptions
    models = (
        ModelSpec(
            "assistant",
            technique="transformer",
            predictor="deepfield_chatbot.intents.predictor:IntentPredictor",
            title="Everyday requests",
            summary="MiniLM vectors and a small network: 150 intents of bank, travel, kitchen, "
            "car, work and small talk, and what is none of them",
        ),
    )

    def samples(self) -> pd.DataFrame:
        return pd.DataFrame(SAMPLES, columns=["text", "label"], dtype="str")


SAMPLES = (
    ("Would you tell me how much is left in my savings?", "balance"),
    ("Somebody stole my visa on the train, please block it", "report_lost_card"),
    ("Wake me at half past six tomorrow", "alarm"),
    ("Is it going to snow in Oslo on Friday?", "weather"),
    ("Two seats by the window at the Golden Lamb for eight tonight", "restaurant_reservation"),
    ("What do I say in Portuguese if I want the bill?", "translate"),
    ("My suitcase never came off the plane", "lost_luggage"),
    ("How long must I boil lentils?", "cook_time"),
    ("The left front wheel is flat, how do I put the spare on?", "tire_change"),
    ("May I have the first week of June off?", "pto_request"),
    ("Do you know any good joke about accountants?", "tell_joke"),
    ("Put oat milk and onions on my groceries", "shopping_list_update"),
    ("Which sculptor made the lions in front of our town hall?", "oos"),
    ("Are tadpoles able to breathe on land?", "oos"),
    ("Please proofread the second chapter of my thesis", "oos"),
    ("Why does my violin squeak on the E string?", "oos"),
)
"""Written for this example; the last four are none of the shipped model's intents."""
