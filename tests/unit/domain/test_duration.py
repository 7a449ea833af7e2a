"""Days from detection to action, open ones counted as what they are: at least so long."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain import duration, measure, progress
from inspection.domain.duration import Days, Spell, quantile
from inspection.errors import BadInput


@pytest.mark.parametrize("module", [duration, measure, progress])
def test_examples_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


ENDED_WEEKS = (6, 6, 6, 7, 10, 13, 16, 22, 23)
OPEN_WEEKS = (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)


def test_golden_remission_of_leukaemia() -> None:
    """Freireich 1963, 6-MP group, 21 patients: S(6) .857, S(13) .690, S(22) .538, S(23) .448."""
    spells = [Spell(days=d, ended=True) for d in ENDED_WEEKS]
    spells += [Spell(days=d, ended=False) for d in OPEN_WEEKS]
    assert quantile(spells, 0.5) == Days(days=23)
    assert quantile(spells, 1 - 0.858) == Days(days=6)
    assert quantile(spells, 1 - 0.691) == Days(days=13)
    assert quantile(spells, 1 - 0.689) == Days(days=16)
    assert quantile(spells, 1 - 0.447) == Days(days=35, at_least=True)
    assert quantile(spells, 0.9) == Days(days=35, at_least=True)


def test_leaving_the_open_ones_out_would_make_it_look_fast() -> None:
    done = [Spell(days=5, ended=True, count=3)]
    waiting = [Spell(days=400, ended=False, count=7)]
    assert quantile(done, 0.5) == Days(days=5)
    assert quantile(done + waiting, 0.5) == Days(days=400, at_least=True)
    assert quantile(waiting, 0.5) == Days(days=400, at_least=True)
    assert quantile([], 0.5) is None


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(BadInput, match="between 0 and 1"):
        quantile([Spell(days=1, ended=True)], share)


@pytest.mark.parametrize(("days", "count"), [(-1, 1), (1, 0)])
def test_a_spell_runs_forward(days: int, count: int) -> None:
    with pytest.raises(BadInput, match="0 days or more"):
        Spell(days=days, ended=True, count=count)


SPELLS = st.lists(
    st.builds(Spell, days=st.integers(0, 60), ended=st.booleans(), count=st.integers(1, 5)),
    min_size=1,
    max_size=12,
)
SHARE = st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9])


@given(SPELLS, SHARE)
def test_without_open_ones_it_is_the_plain_quantile(spells: list[Spell], share: float) -> None:
    ended = [Spell(days=s.days, ended=True, count=s.count) for s in spells]
    flat = sorted(s.days for s in ended for _ in range(s.count))
    found = quantile(ended, share)
    assert found is not None and not found.at_least
    within = sum(days <= found.days for days in flat) / len(flat)
    before = sum(days < found.days for days in flat) / len(flat)
    assert within >= share - 1e-9 and before < share


@given(SPELLS, SHARE)
def test_ending_later_never_makes_it_faster(spells: list[Spell], share: float) -> None:
    """What is still open can only be slower than if it had ended at that very moment."""
    now = quantile([Spell(days=s.days, ended=True, count=s.count) for s in spells], share)
    honest = quantile(spells, share)
    assert now is not None and honest is not None
    assert honest.days >= now.days
    if honest.at_least:
        assert honest.days == max(s.days for s in spells)


@given(SPELLS)
def test_nine_in_ten_take_no_less_than_half(spells: list[Spell]) -> None:
    median, most = quantile(spells, 0.5), quantile(spells, 0.9)
    assert median is not None and most is not None
    assert most.days >= median.days and (most.at_least or not median.at_least)


@given(SPELLS, SHARE)
def test_counts_are_repetitions(spells: list[Spell], share: float) -> None:
    apart = [Spell(days=s.days, ended=s.ended) for s in spells for _ in range(s.count)]
    assert quantile(apart, share) == quantile(spells, share)
