"""Every domain of ours, and an outsider's, keeps the contract; and the kit finds who does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from deepfield_flowers import Flowers
from deepfield_flowers.linear import LinearPredictor
from deepfield_reading import Reading
from deepfield_reading.popular import Popular
from deepfield_visits import Visits
from deepfield_visits.counts import CountsPredictor

from deepfield.testing import CHECKS, contract
from deepfield_chatbot import Chatbot
from deepfield_chatbot.intents import Intents
from deepfield_fraud_detection import FraudDetection
from deepfield_lane_detection import LaneDetection
from deepfield_medical_imaging import MedicalImaging
from deepfield_recommendations import Recommendations


@contract(Flowers)
def test_flowers_keeps_the_contract(domain, check):
    check(domain)


@contract(Visits)
def test_visits_keeps_the_contract(domain, check):
    check(domain)


@contract(Reading)
def test_reading_keeps_the_contract(domain, check):
    check(domain)


@contract(MedicalImaging)
def test_medical_imaging_keeps_the_contract(domain, check):
    check(domain)


@contract(FraudDetection)
def test_fraud_detection_keeps_the_contract(domain, check):
    check(domain)


@contract(Recommendations)
def test_recommendations_keep_the_contract(domain, check):
    check(domain)


@contract(Chatbot)
def test_chatbot_keeps_the_contract(domain, check):
    check(domain)


@contract(LaneDetection)
def test_lane_detection_keeps_the_contract(domain, check):
    check(domain)


@contract(Intents)
def test_intents_keep_the_contract(domain, check):
    check(domain)


def loses_a_row(self, rows, options, honest=LinearPredictor.predict):
    return honest(self, rows, options).iloc[1:]


def depends_on_the_batch(self, rows, options, honest=LinearPredictor.predict):
    results = honest(self, rows, options)
    return results.assign(probability=results["probability"] / len(rows))


def claims_more_than_all(self, rows, options, honest=LinearPredictor.predict):
    results = honest(self, rows, options)
    results["probability"] = 7.0
    return results


def explains_nothing(self, rows, options):
    return []


@pytest.mark.parametrize(
    ("method", "wrong", "check"),
    [
        ("predict", loses_a_row, "one_row_out_for_each_row_in"),
        ("predict", depends_on_the_batch, "batch_size_changes_nothing"),
        ("predict", claims_more_than_all, "results_are_what_their_fields_say"),
        ("explain", explains_nothing, "explanations_have_the_right_shape"),
    ],
)
def test_the_kit_finds_a_broken_predictor(monkeypatch, method, wrong, check):
    monkeypatch.setattr(LinearPredictor, method, wrong)
    with pytest.raises(Exception, match=r"(?s).*"):
        CHECKS[check](Flowers())


def test_the_kit_finds_lists_that_name_an_item_twice(monkeypatch):
    monkeypatch.setattr(Popular, "_places", lambda self, taken, most: [0, 1, 0])
    with pytest.raises(AssertionError, match="names an item twice"):
        CHECKS["results_are_what_their_fields_say"](Reading())


def looks_ahead(self, rows, key, options, honest=CountsPredictor.gather):
    found = honest(self, rows, key, options)
    return found.assign(**{f"{key}_visits": rows.groupby(key)["spend"].transform("size")})


def looks_a_row_ahead(self, rows, key, options, honest=CountsPredictor.gather):
    found = honest(self, rows, key, options)
    following = rows.groupby(key)["spend"].shift(-1).fillna(0.0)
    return found.assign(**{f"{key}_spend": following})


def mixes_groups(self, rows, key, options, honest=CountsPredictor.gather):
    found = honest(self, rows, key, options)
    return found.assign(**{f"{key}_visits": np.arange(len(rows))})


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        (looks_ahead, "the_future_changes_nothing"),
        (looks_a_row_ahead, "the_future_changes_nothing"),
        (mixes_groups, "batch_size_changes_nothing"),
        (mixes_groups, "a_past_gives_the_answers_of_one_table"),
    ],
)
def test_the_kit_finds_a_predictor_that_gathers_what_it_must_not(monkeypatch, wrong, check):
    monkeypatch.setattr(CountsPredictor, "gather", wrong)
    with pytest.raises(AssertionError):
        CHECKS[check](Visits())


def test_the_kit_finds_wrong_golden_rows(monkeypatch):
    monkeypatch.setattr(
        LinearPredictor, "_scaled", lambda self, rows: np.zeros((len(rows), 4)) + 0.1
    )
    with pytest.raises(AssertionError, match="golden row 1"):
        CHECKS["golden_rows_match"](Flowers())


def test_the_kit_finds_samples_that_change():
    class Restless(Flowers):
        def samples(self) -> pd.DataFrame:
            return super().samples() + np.random.default_rng().random()

    with pytest.raises(AssertionError):
        CHECKS["samples_fit_the_inputs"](Restless())


def test_a_known_failure_must_name_a_check():
    with pytest.raises(ValueError, match="no check is named golden_row"):
        contract(Flowers, known_failures={"golden_row": "a slip"})
