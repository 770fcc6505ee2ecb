from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from deepfield.errors import DeepfieldError, NotFoundError
from deepfield.history import History

RUN = {
    "face": "python",
    "domain": "flowers",
    "model": "linear",
    "model_hash": "abc",
    "source": "rows.csv",
    "options": {"least": 0.8},
}


def test_run_is_kept_with_its_options_and_found_by_the_beginning_of_its_id():
    run = History().start(**RUN)
    History().update(run.id, status="done", rows_in=5, rows_out=4, rows_rejected=1, seconds=0.5)
    found = History().get(run.id[:6])
    assert (found.status, found.rows_out, found.options) == ("done", 4, {"least": 0.8})


def test_latest_runs_come_first_and_domains_can_be_told_apart():
    first = History().start(**RUN)
    second = History().start(**{**RUN, "domain": "other"})
    assert [run.id for run in History().list()] == [second.id, first.id]
    assert [run.id for run in History().list("flowers")] == [first.id]


def test_unknown_run_is_one_sentence():
    with pytest.raises(NotFoundError, match="No run begins with 'zzz'"):
        History().get("zzz")


def test_run_of_a_process_that_is_gone_is_lost():
    code = f"from deepfield.history import History; print(History().start(**{RUN!r}).id)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert History().get(done.stdout.strip()).status == "lost"


def test_many_may_write_at_once():
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: History().start(**RUN).id, range(40)))
    assert len(set(ids)) == len(History().list()) == 40


def test_broken_history_says_where_it_is(home):
    (home / "history.sqlite").write_text("this is no database at all, not even one page of it")
    with pytest.raises(DeepfieldError, match="run history .* cannot be used"):
        History().list()
