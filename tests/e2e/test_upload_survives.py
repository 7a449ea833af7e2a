"""An upload of 120 photos survives kills, a cut network, a reload, two tabs, a changed file."""

from pathlib import Path

import pytest

from tests.support.upload_story import send_through_trouble

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]

PHOTOS = 120
CUT_S = 3.0
"""300 are sent and half a minute is cut by ``python -m tests.benchmarks.upload_survives``."""


def test_every_photo_arrives_as_it_is_and_none_twice(tmp_path: Path) -> None:
    end = send_through_trouble(tmp_path, photos=PHOTOS, cut_s=CUT_S)
    assert len(end.source) == PHOTOS
    assert end.photos == end.source
    assert sorted(end.kept) == sorted(end.source.values())
    assert end.unfinished == []
    assert end.rejections == 0
    assert [sha256 for sha256, times in end.begun.items() if times > 1] == []
    assert set(end.begun) == set(end.source.values()), "the file that changed was not discarded"
