"""The order of flight: by time when all know it, else by the numbers in names."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.capture import Photo, in_flight_order, natural_key

NOON = datetime(2025, 4, 1, 3, 0, tzinfo=UTC)


def photo(number: int, *, name: str | None = None, second: int | None = None) -> Photo:
    return Photo(
        sha256=f"{number:064d}",
        name=name or f"IMG_{number}.jpg",
        width_px=4,
        height_px=3,
        taken_at=None if second is None else NOON + timedelta(seconds=second),
    )


def numbers(photos: tuple[Photo, ...]) -> list[int]:
    return [int(p.sha256) for p in photos]


def test_ten_comes_after_nine() -> None:
    assert numbers(in_flight_order([photo(10), photo(9), photo(100)])) == [9, 10, 100]


def test_time_rules_when_all_know_it() -> None:
    assert numbers(in_flight_order([photo(1, second=5), photo(2, second=4)])) == [2, 1]


def test_one_without_time_leaves_the_order_to_the_names() -> None:
    assert numbers(in_flight_order([photo(2, second=4), photo(1, second=5), photo(3)])) == [1, 2, 3]


def test_photos_of_one_moment_go_by_name_then_by_content() -> None:
    burst = [photo(3, second=0), photo(1, second=0), photo(2, second=0, name="IMG_1.jpg")]
    assert numbers(in_flight_order(burst)) == [1, 2, 3]


def test_no_photos_have_no_order() -> None:
    assert in_flight_order([]) == ()


@given(st.permutations(range(12)), st.booleans())
def test_the_order_of_arrival_does_not_matter(arrival: list[int], timed: bool) -> None:
    photos = [photo(n, second=(7 * n) % 12 if timed else None) for n in arrival]
    settled = in_flight_order([photo(n, second=(7 * n) % 12 if timed else None) for n in range(12)])
    assert in_flight_order(photos) == settled


@given(st.lists(st.text(max_size=12), max_size=6))
def test_every_name_can_be_compared_with_every_other(names: list[str]) -> None:
    keys = sorted(natural_key(name) for name in names)
    assert all(earlier <= later for earlier, later in pairwise(keys))


def test_capitals_do_not_matter() -> None:
    assert natural_key("img_2.JPG") == natural_key("IMG_2.jpg")
