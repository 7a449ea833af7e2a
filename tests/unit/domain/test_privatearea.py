"""What must not be seen: who may let a picture out, and that nothing found gets uncovered."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.privatearea import (
    MARGIN_SHARE,
    MarkAction,
    Obstacle,
    Privacy,
    PrivacyMark,
    PrivateArea,
    PrivateKind,
    Screening,
    counted,
    distinct,
    inside,
    widened,
)
from inspection.errors import BadInput

NOON = datetime(2026, 5, 1, 3, tzinfo=UTC)
SIDES = st.integers(1, 400)
STARTS = st.integers(0, 300)


@st.composite
def areas(draw: st.DrawFn) -> PrivateArea:
    x0, y0 = draw(STARTS), draw(STARTS)
    return PrivateArea(
        kind=draw(st.sampled_from([PrivateKind.PERSON, PrivateKind.VEHICLE])),
        box_px=(x0, y0, x0 + draw(SIDES), y0 + draw(SIDES)),
        score=draw(st.floats(0, 1)),
    )


def screening(minutes: int = 0, detector: str = "d@1") -> Screening:
    return Screening(
        detector_id=detector, size_px=(800, 600), areas=(), at=NOON + timedelta(minutes=minutes)
    )


def mark(
    action: MarkAction,
    minutes: int,
    box: tuple[int, int, int, int] | None = None,
    looked: str = "",
) -> PrivacyMark:
    area = None if box is None else PrivateArea(kind=PrivateKind.PLATE, box_px=box)
    at = NOON + timedelta(minutes=minutes)
    return PrivacyMark(action=action, by="花子", at=at, why="x", area=area, looked=looked)


@given(st.lists(areas(), max_size=8))
def test_what_is_left_out_stays_hidden_under_what_is_kept(found: list[PrivateArea]) -> None:
    size = (701, 701)
    kept = distinct(found)
    hidden = [(area.kind, widened(area.box_px, size)) for area in kept]
    assert set(kept) <= set(found)
    for area in found:
        x0, y0, x1, y1 = area.box_px
        assert any(
            kind is area.kind and b[0] <= x0 and b[1] <= y0 and x1 <= b[2] and y1 <= b[3]
            for kind, b in hidden
        )


@given(areas(), st.integers(701, 900), st.integers(701, 900))
def test_a_widened_box_holds_the_box_and_stays_in_the_picture(
    area: PrivateArea, width: int, height: int
) -> None:
    x0, y0, x1, y1 = widened(area.box_px, (width, height))
    a0, b0, a1, b1 = area.box_px
    assert 0 <= x0 <= a0 and 0 <= y0 <= b0 and a1 <= x1 <= width and b1 <= y1 <= height
    longer = max(a1 - a0, b1 - b0)
    assert max(a0 - x0, x1 - a1) <= MARGIN_SHARE * longer + 1


def test_the_surest_comes_first_and_kinds_do_not_cover_each_other() -> None:
    person = PrivateArea(kind=PrivateKind.PERSON, box_px=(10, 10, 20, 20), score=0.4)
    car = PrivateArea(kind=PrivateKind.VEHICLE, box_px=(0, 0, 100, 100), score=0.9)
    assert distinct([person, car]) == (car, person)
    assert counted([person, car, car]) == "1 person, 2 vehicle"
    assert counted([]) == "nothing"


def test_a_picture_goes_out_only_when_looked_at_after_all_that_was_found() -> None:
    clear, add = mark(MarkAction.CLEAR, 5), mark(MarkAction.ADD, 6, (0, 0, 9, 9))
    again, hold = mark(MarkAction.CLEAR, 7), mark(MarkAction.WITHHOLD, 8)
    assert Privacy().obstacle is Obstacle.NOT_SCREENED
    assert Privacy(marks=(clear,)).obstacle is Obstacle.NOT_SCREENED
    assert Privacy(marks=(hold,)).obstacle is Obstacle.WITHHELD
    one = (screening(),)
    assert Privacy(screenings=one).obstacle is Obstacle.NOT_CLEARED
    assert Privacy(screenings=one, marks=(clear,)).obstacle is None
    assert Privacy(screenings=one, marks=(clear, add)).obstacle is Obstacle.NOT_CLEARED
    assert Privacy(screenings=one, marks=(clear, add, again)).obstacle is None
    assert Privacy(screenings=one, marks=(add, hold)).obstacle is Obstacle.WITHHELD
    newer = (screening(), screening(20, "other@2"))
    assert Privacy(screenings=newer, marks=(clear, add, again)).obstacle is Obstacle.NOT_CLEARED


def test_what_was_looked_at_counts_and_not_when() -> None:
    """Clocks of two machines differ: an area found after the look may bear an earlier time."""
    first = Privacy(screenings=(screening(),))
    looked = mark(MarkAction.CLEAR, 5, looked=first.tag)
    known = (screening(),)
    assert Privacy(screenings=known, marks=(looked,)).obstacle is None
    late = (screening(), screening(1, "other@2"))
    assert Privacy(screenings=late, marks=(looked,)).obstacle is Obstacle.NOT_CLEARED
    added = mark(MarkAction.ADD, 1, (0, 0, 9, 9))
    for marks in ((looked, added), (added, looked)):
        seen = Privacy(screenings=known, marks=marks)
        assert seen.obstacle is Obstacle.NOT_CLEARED and seen.tag != first.tag
        again = mark(MarkAction.CLEAR, 0, looked=seen.tag)
        assert Privacy(screenings=known, marks=(*marks, again)).obstacle is None
    stale = mark(MarkAction.CLEAR, 9, looked=first.tag)
    both = Privacy(screenings=known, marks=(added, mark(MarkAction.CLEAR, 8), stale))
    assert both.obstacle is None, "a mark of before said that somebody looked at all of it"
    with pytest.raises(BadInput, match="only who clears"):
        mark(MarkAction.WITHHOLD, 1, looked=first.tag)


@given(st.lists(areas(), max_size=4), st.integers(0, 3))
def test_a_tag_names_everything_that_is_hidden_and_who_looked(
    found: list[PrivateArea], more: int
) -> None:
    seen = Screening(detector_id="d@1", size_px=(701, 701), areas=tuple(found), at=NOON)
    known = Privacy(screenings=(seen,))
    later = Screening(detector_id="d@1", size_px=(701, 701), areas=tuple(found), at=NOON)
    cleared = (mark(MarkAction.CLEAR, more, looked=known.tag),)
    assert Privacy(screenings=(later,), marks=cleared).tag == known.tag
    extra = mark(MarkAction.ADD, more, (1, 2, 3 + more, 9))
    assert Privacy(screenings=(seen,), marks=(extra,)).tag != known.tag
    assert Privacy(screenings=(seen, screening(0, "b")), marks=()).tag != known.tag


def test_two_people_at_one_moment_are_told_apart_by_their_order() -> None:
    clear = mark(MarkAction.CLEAR, 5)
    same = Privacy(screenings=(screening(),), marks=(clear, clear))
    assert same.obstacle is None
    held = Privacy(screenings=(screening(),), marks=(mark(MarkAction.WITHHOLD, 4), clear))
    assert held.obstacle is Obstacle.WITHHELD, "who keeps it back has the last word"
    added = mark(MarkAction.ADD, 5, (0, 0, 2, 2))
    assert (
        Privacy(screenings=(screening(),), marks=(clear, clear, added)).obstacle
        is Obstacle.NOT_CLEARED
    )


def test_everything_that_any_detector_or_person_marked_is_hidden() -> None:
    face = PrivateArea(kind=PrivateKind.FACE, box_px=(1, 1, 5, 5), score=0.3)
    seen = Screening(detector_id="a", size_px=(10, 10), areas=(face,), at=NOON)
    other = Screening(detector_id="b", size_px=(10, 10), areas=(), at=NOON)
    added = mark(MarkAction.ADD, 1, (6, 6, 9, 9))
    known = Privacy(screenings=(seen, other), marks=(added,))
    assert [area.box_px for area in known.areas] == [(1, 1, 5, 5), (6, 6, 9, 9)]


@pytest.mark.parametrize("box", [(5, 5, 5, 9), (5, 5, 9, 5), (-1, 0, 5, 5), (9, 0, 5, 5)])
def test_an_area_without_an_inside_is_refused(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(BadInput, match="x0 y0 x1 y1"):
        PrivateArea(kind=PrivateKind.FACE, box_px=box)


def test_an_area_that_reaches_out_of_the_photo_is_refused() -> None:
    area = PrivateArea(kind=PrivateKind.FACE, box_px=(0, 0, 800, 600))
    assert inside(area, (800, 600)) is area
    with pytest.raises(BadInput, match="0,0,800,600 px reaches out of a photo of 799×600 px"):
        inside(area, (799, 600))


def test_who_decides_has_a_name_and_who_keeps_back_a_reason() -> None:
    area = PrivateArea(kind=PrivateKind.FACE, box_px=(0, 0, 8, 6))
    good = {"by": "花子", "at": NOON}
    with pytest.raises(BadInput, match="needs a name"):
        PrivacyMark(action=MarkAction.CLEAR, by=" ", at=NOON)
    with pytest.raises(BadInput, match="needs a reason"):
        PrivacyMark(action=MarkAction.WITHHOLD, **good)
    with pytest.raises(BadInput, match="an area is added"):
        PrivacyMark(action=MarkAction.CLEAR, area=area, **good)
    with pytest.raises(BadInput, match="an area is added"):
        PrivacyMark(action=MarkAction.ADD, **good)
    with pytest.raises(BadInput, match="time zone"):
        PrivacyMark(action=MarkAction.CLEAR, by="花子", at=datetime(2026, 5, 1))
    with pytest.raises(BadInput, match="at most 500 characters, got 501"):
        PrivacyMark(action=MarkAction.CLEAR, why="x" * 501, **good)
    with pytest.raises(BadInput, match="score"):
        PrivateArea(kind=PrivateKind.FACE, box_px=(0, 0, 8, 6), score=1.1)
