"""The report of a board test: sums by hand, groups by distance, honest about what was not seen."""

import csv
import io
import json
import math
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.widthcalibration import CONCRETE
from inspection.pipeline.boardreport import (
    SAME_DISTANCE,
    distances,
    report_csv,
    report_lines,
    report_plain,
)
from inspection.pipeline.boardtest import BoardTest, LineReading


def reading(
    width_mm: float, *, photo: str = "a.jpg", gsd: float = 0.2, seen: bool = True, **more: Any
) -> LineReading:
    values: dict[str, Any] = {
        "photo": photo, "number": 1, "true_mm": width_mm, "angle_deg": 0.0, "gsd_mm_per_px": gsd,
        "incidence_deg": 3.0, "width_px": width_mm / gsd if seen else math.nan, "noise_px": 0.02,
        "detected": seen,
    }  # fmt: skip
    return LineReading(**{**values, **more})


def blank(detected: bool, photo: str = "a.jpg") -> LineReading:
    return reading(0.0, photo=photo, number=-1, detected=detected, width_px=0.1)


def board(*readings: LineReading, **rejected: str) -> BoardTest:
    return BoardTest(readings=readings, photos={}, rejected=rejected, clean=CONCRETE)


class TestSums:
    def test_bias_spread_and_rate_by_hand(self) -> None:
        lines = [
            reading(0.4, width_px=2.5), reading(0.4, width_px=1.5), reading(0.4, width_px=2.3),
            reading(0.4, seen=False),
        ]  # fmt: skip
        ((distance, (row,)),) = distances(board(*lines))
        assert (row.lines, row.detected, row.detection_rate) == (4, 3, 0.75)
        assert row.bias_mm == pytest.approx((0.5 + 0.3 + 0.46) / 3 - 0.4)
        mean = (0.5 + 0.3 + 0.46) / 3
        spread = math.sqrt(sum((v - mean) ** 2 for v in (0.5, 0.3, 0.46)) / 3)
        assert row.spread_mm == pytest.approx(spread)
        assert (distance.false_rate, distance.smallest_visible_mm) == (None, None)

    def test_a_width_that_nobody_saw_has_no_numbers(self) -> None:
        ((_, (row,)),) = distances(board(reading(0.1, seen=False), reading(0.1, seen=False)))
        assert (row.detected, row.bias_mm, row.rmse_mm, row.spread_mm) == (0, None, None, None)

    @pytest.mark.parametrize(
        ("rates", "smallest"),
        [
            ({0.1: 10, 0.2: 10, 0.4: 10}, 0.1),
            ({0.1: 8, 0.2: 10, 0.4: 10}, 0.2),
            ({0.1: 10, 0.2: 8, 0.4: 10}, 0.4),
            ({0.1: 9, 0.2: 9, 0.4: 9}, 0.1),
            ({0.1: 10, 0.2: 10, 0.4: 8}, None),
        ],
    )
    def test_from_the_smallest_visible_width_on_nine_of_ten_are_seen(
        self, rates: dict[float, int], smallest: float | None
    ) -> None:
        """§4.8: a lucky narrow line below an unseen wider one does not count."""
        lines = [reading(w, seen=n < seen) for w, seen in rates.items() for n in range(10)]
        ((distance, rows),) = distances(board(*lines))
        assert distance.smallest_visible_mm == smallest
        assert [row.width_mm for row in rows] == sorted(rates)

    @pytest.mark.parametrize(
        ("blanks", "rate"), [((), None), ((False,), 0.0), ((True, False, False, False), 0.25)]
    )
    def test_places_without_a_line_tell_how_often_one_is_imagined(
        self, blanks: tuple[bool, ...], rate: float | None
    ) -> None:
        lines = [reading(0.4), *(blank(one) for one in blanks)]
        ((distance, rows),) = distances(board(*lines))
        assert distance.false_rate == rate
        assert [row.lines for row in rows] == [1]


class TestDistances:
    @pytest.mark.parametrize(
        ("scales", "groups"),
        [
            ((0.2, 0.2), 1), ((0.2, 0.2 * SAME_DISTANCE), 1),
            ((0.2, 0.2 * SAME_DISTANCE + 1e-6), 2),
            ((0.2, 0.22, 0.25), 2), ((0.1, 0.2, 0.4), 3),
        ],
    )  # fmt: skip
    def test_photos_of_about_one_distance_are_reported_together(
        self, scales: tuple[float, ...], groups: int
    ) -> None:
        lines = [reading(0.4, photo=f"{n}.jpg", gsd=g) for n, g in enumerate(scales)]
        found = distances(board(*lines))
        assert len(found) == groups
        assert [d.gsd_mm_per_px for d, _ in found] == sorted(d.gsd_mm_per_px for d, _ in found)
        photos = [name for d, _ in found for name in d.photos]
        assert sorted(photos) == [f"{n}.jpg" for n in range(len(scales))]

    def test_the_order_of_the_readings_decides_nothing(self) -> None:
        lines = [reading(w, photo=f"{g}.jpg", gsd=g) for w in (0.2, 0.4) for g in (0.1, 0.3)]
        first = report_plain(board(*lines))
        for order in permutations(lines):
            assert report_plain(board(*order))["distances"] == first["distances"]

    def test_nothing_at_all_is_an_empty_report(self) -> None:
        empty = board(**{"a.jpg": "shows 3 of 24 squares"})
        plain = report_plain(empty)
        assert (plain["distances"], plain["photos"]) == ([], {})
        assert plain["rejected"] == {"a.jpg": "shows 3 of 24 squares"}
        assert list(report_lines(empty)) == ["set aside a.jpg: shows 3 of 24 squares"]


class TestFiles:
    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(
            st.tuples(st.sampled_from([0.1, 0.2, 0.5]), st.booleans(), st.floats(0.05, 0.5)),
            max_size=8,
        )
    )
    def test_the_table_has_every_line_and_the_plain_values_are_json(
        self, made: list[tuple[float, bool, float]]
    ) -> None:
        lines = [
            reading(w, photo=f"{n}.jpg", gsd=g, seen=seen) for n, (w, seen, g) in enumerate(made)
        ]
        test = board(*lines)
        rows = list(csv.DictReader(io.StringIO(report_csv(test), newline="")))
        assert [row["photo"] for row in rows] == [line.photo for line in lines]
        for row, line in zip(rows, lines, strict=True):
            assert float(row["true_mm"]) == line.true_mm
            assert (row["fitted_mm"] == "") is (not line.detected)
            assert row["detected"] == str(int(line.detected))
        plain = report_plain(test)
        assert json.loads(json.dumps(plain, allow_nan=False))["distances"] is not None
        total = sum(row["lines"] for d in plain["distances"] for row in d["widths"])
        assert total == len(lines)
        words = "\n".join(report_lines(test))
        assert words.count("mm/px") == len(plain["distances"])

    @pytest.mark.parametrize("name", ["=1+1.jpg", "@x.jpg", "+a.jpg", "-b.jpg", "＝c.jpg"])
    def test_a_name_of_a_photo_is_never_a_formula(self, name: str) -> None:
        rows = list(csv.reader(io.StringIO(report_csv(board(reading(0.4, photo=name))))))
        assert rows[1][0] == f"'{name}"
