"""What an edit made takes over: laws of descent on random families of splits and merges."""

import uuid
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.descent import Descent

Family = dict[uuid.UUID, tuple[uuid.UUID, ...]]
DAY = date(2026, 4, 1)


def key(number: int) -> uuid.UUID:
    return uuid.UUID(int=number)


@st.composite
def families(draw: st.DrawFn) -> tuple[list[uuid.UUID], Family]:
    """Draw defects, the later of which may descend from one or several earlier ones."""
    everyone = [key(number) for number in range(1, draw(st.integers(2, 9)))]
    parents: Family = {}
    for place, child in enumerate(everyone[1:], start=1):
        of = draw(st.lists(st.sampled_from(everyone[:place]), max_size=3, unique=True))
        if of:
            parents[child] = tuple(of)
    return everyone, parents


days = st.integers(0, 40).map(lambda n: DAY + timedelta(days=n))


@given(families(), st.data())
def test_a_defect_is_as_far_as_the_least_of_what_it_is_of(
    drawn: tuple[list[uuid.UUID], Family], data: st.DataObject
) -> None:
    everyone, parents = drawn
    own = data.draw(st.dictionaries(st.sampled_from(everyone), days))
    reached = Descent(parents=parents).reached(own)
    for one in everyone:
        of = parents.get(one, ())
        all_reached = bool(of) and all(parent in reached for parent in of)
        assert (one in reached) == (one in own or all_reached)
        if one in reached:
            candidates = [own[one]] if one in own else []
            candidates += [max(reached[parent] for parent in of)] if all_reached else []
            assert reached[one] == min(candidates)


@given(families(), st.data())
def test_nothing_is_known_later_than_anything_it_is_of(
    drawn: tuple[list[uuid.UUID], Family], data: st.DataObject
) -> None:
    everyone, parents = drawn
    own = data.draw(st.fixed_dictionaries(dict.fromkeys(everyone, days)))
    heirs = Descent(parents=parents)
    first = heirs.earliest(own)
    for one in everyone:
        family = (one, *heirs.forebears(one))
        assert len(set(family)) == len(family)
        assert first[one] == min(own[each] for each in family)


@given(families(), st.data())
def test_what_is_recorded_about_a_descendant_says_nothing_about_a_forebear(
    drawn: tuple[list[uuid.UUID], Family], data: st.DataObject
) -> None:
    """So taking the edit back leaves a forebear exactly as it was."""
    everyone, parents = drawn
    own = data.draw(st.dictionaries(st.sampled_from(everyone), days))
    heirs = Descent(parents=parents)
    for one in everyone:
        family = {one, *heirs.forebears(one)}
        only = {each: day for each, day in own.items() if each in family}
        assert heirs.reached(own).get(one) == heirs.reached(only).get(one)
        assert heirs.earliest(own).get(one) == heirs.earliest(only).get(one)
