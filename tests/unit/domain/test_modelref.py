"""A model is the network that was chosen, not another one of its name."""

import itertools
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from inspection.domain.modelref import (
    ALIVE,
    WORDS,
    ModelRef,
    Offer,
    Origin,
    Standing,
    standing_of,
    told,
)
from inspection.errors import BadInput

NOW = datetime(2026, 5, 2, 9, 30, tzinfo=UTC)
OLD, NEW = "a" * 64, "b" * 64
REF = ModelRef(name="tenken-crack-n", sha256=OLD)


def offer(
    sha256: str = OLD,
    *,
    key: str = "tenken-crack-n",
    fault: str = "",
    ago: timedelta = timedelta(0),
    worker: str = "host:1",
) -> Offer:
    return Offer(
        worker=worker,
        key=key,
        sha256=sha256,
        origin=Origin.SHIPPED,
        fault=fault,
        seen_at=NOW - ago,
    )


@pytest.mark.parametrize(
    ("offers", "expected"),
    [
        ([], Standing.ASLEEP),
        ([offer(ago=ALIVE + timedelta(seconds=1))], Standing.ASLEEP),
        ([offer(ago=ALIVE)], Standing.USABLE),
        ([offer()], Standing.USABLE),
        ([offer(NEW)], Standing.CHANGED),
        ([offer(key="another")], Standing.GONE),
        ([offer(fault="damaged")], Standing.BROKEN),
        ([offer("", fault="its file is missing")], Standing.BROKEN),
        # one worker that can is enough, whatever the others have
        ([offer(NEW), offer(worker="host:2"), offer(fault="x", worker="host:3")], Standing.USABLE),
        # what a dead worker had is no help
        ([offer(ago=timedelta(hours=1)), offer(NEW, worker="host:2")], Standing.CHANGED),
        ([offer(ago=timedelta(hours=1)), offer(key="z", worker="host:2")], Standing.GONE),
    ],
)
def test_how_a_model_stands_follows_from_who_is_awake(
    offers: list[Offer], expected: Standing
) -> None:
    assert standing_of(REF, offers, NOW) is expected
    for shuffled in itertools.permutations(offers):
        assert standing_of(REF, shuffled, NOW) is expected


def test_an_upload_is_known_by_its_identifier_and_not_by_its_name() -> None:
    upload = uuid.uuid4()
    ref = ModelRef(name="tenken-crack-n", sha256=OLD, own_model_id=upload)
    assert ref.key == str(upload)
    assert standing_of(ref, [offer()], NOW) is Standing.GONE
    assert standing_of(ref, [offer(key=str(upload))], NOW) is Standing.USABLE


@pytest.mark.parametrize("standing", list(Standing))
def test_every_standing_is_said_in_words_with_what_to_do(standing: Standing) -> None:
    words = told(REF, standing)
    assert words.startswith("model tenken-crack-n@aaaaaaaaaaaa ")
    assert WORDS[standing] in words
    advice = {
        Standing.USABLE: "can be used",
        Standing.ASLEEP: "start 'tenken worker'",
    }.get(standing, "choose another model")
    assert advice in words


def test_a_digest_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="has not 64 digits"):
        ModelRef(name="a", sha256="abc")
