"""Which photos are shown where."""

from pathlib import Path

import numpy as np
import pytest

from inspection.errors import BadInput
from inspection.imaging import evidence
from inspection.imaging.evidence import check_size, open_sources
from tests.support.masks import write_raster


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    photo = np.zeros((60, 90), dtype=np.uint16)
    photo[:, 30:60] = 2
    photo[:, 60:] = 1
    return write_raster(tmp_path / "sources.tif", photo)


def points(*xy: tuple[float, float]) -> np.ndarray:
    return np.array(xy, dtype=np.float64)


def test_the_most_frequent_photo_comes_first_and_nothing_is_no_photo(sources: Path) -> None:
    with open_sources(sources, (90, 60)) as opened:
        along = points((5.5, 5.5), (40.5, 5.5), (50.5, 5.5), (70.5, 5.5))
        assert opened.numbers_at((0, 0, 90, 10), along) == (2, 1)
        assert opened.numbers_at((0, 0, 20, 10), points((5.5, 5.5))) == ()


def test_ties_go_to_the_lower_number(sources: Path) -> None:
    with open_sources(sources, (90, 60)) as opened:
        assert opened.numbers_at((30, 0, 90, 10), points((40, 5), (70, 5))) == (1, 2)


def test_positions_are_relative_to_the_raster_not_to_the_box(sources: Path) -> None:
    with open_sources(sources, (90, 60)) as opened:
        assert opened.numbers_at((58, 20, 64, 24), points((59.5, 22.5))) == (2,)
        assert opened.numbers_at((58, 20, 64, 24), points((60.5, 22.5))) == (1,)


def test_a_box_may_reach_beyond_the_raster(sources: Path) -> None:
    with open_sources(sources, (90, 60)) as opened:
        assert opened.numbers_at((-5, -5, 200, 200), points((70.0, 30.0))) == (1,)
        assert opened.numbers_at((95, 0, 99, 10), points((96.0, 5.0))) == ()


def test_a_large_box_is_read_at_a_coarser_step(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "READ_PX", 9)
    with open_sources(sources, (90, 60)) as opened:
        xy = points((15, 30), (45, 30), (46, 30), (75, 30))
        assert opened.numbers_at((0, 0, 90, 60), xy) == (2, 1)


def test_a_file_of_another_size_or_none_is_refused(sources: Path, tmp_path: Path) -> None:
    check_size(sources, (90, 60))
    with pytest.raises(BadInput, match="90×60 px but the mosaic has 60×90 px"):
        check_size(sources, (60, 90))
    (tmp_path / "text.tif").write_text("no raster", encoding="utf-8")
    with (
        pytest.raises(BadInput, match=r"cannot open text\.tif"),
        open_sources(tmp_path / "text.tif", (1, 1)),
    ):
        pass


def test_every_point_gets_the_number_of_its_own_photo(sources: Path) -> None:
    with open_sources(sources, (90, 60)) as opened:
        xy = points((5.5, 5.5), (40.5, 59.5), (70.5, 5.5), (29.5, 30.0), (30.5, 30.0))
        assert opened.numbers_of(xy).tolist() == [0, 2, 1, 0, 2]
        assert opened.numbers_of(points((45.0, 30.0))).tolist() == [2]
        assert opened.numbers_of(np.empty((0, 2))).tolist() == []
        assert opened.numbers_of(points((95.0, 5.0), (99.0, 8.0))).tolist() == [0, 0]
