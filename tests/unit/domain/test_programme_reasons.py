"""Why something is in a programme or not: every reason, in both languages, with its numbers."""

import pytest

from inspection.domain.choicereason import Ledgered, yen_words
from inspection.domain.programme import (
    REPAIRS,
    WORK_WORDS,
    Candidate,
    Chosen,
    Option,
    Selection,
    Terms,
    Work,
    check_selection,
)
from inspection.errors import BadInput

TERMS = Terms(first_year=2027, budgets_yen=(10_000_000, 8_000_000), rate=0.0)


def option(cost: int, relief: float = 1e6) -> Option:
    return Option(work=Work.MAJOR, cost_yen=cost, relief=relief)


def candidate(name: str, *options: Option, tier: int = 2, **more: object) -> Candidate:
    return Candidate(asset_id=name, tier=tier, score=40.0, options=options, **more)  # type: ignore[arg-type]


def reasons(*chosen: Chosen, left: tuple[Candidate, ...] = (), terms: Terms = TERMS) -> Ledgered:
    found = Selection(chosen=chosen, left=left, method="exact", benefit=1.0, bound=1.0)
    return Ledgered.of(found, terms)


GOOD = Chosen(candidate=candidate("good", option(9_000_000, 18e6)), option=option(9_000_000, 18e6),
              year=0)  # fmt: skip


def test_the_margin_and_what_is_left() -> None:
    found = reasons(GOOD)
    assert found.marginal == pytest.approx(2.0)
    assert found.left_yen == (1_000_000, 8_000_000)
    assert reasons().marginal is None


@pytest.mark.parametrize(
    ("one", "code", "says"),
    [
        (candidate("A"), "no_option", ""),
        (candidate("A", why="not_diagnosed"), "no_option", "not diagnosed"),
        (candidate("A", why="no_cost"), "no_option", "no unit cost"),
        (candidate("A", why="no_quantity"), "no_option", "length or width"),
        (candidate("A", option(20_000_000)), "over_budget", r"20\.00 million yen.*10\.00 million"),
        (candidate("A", option(5_000_000, 0.0)), "no_benefit", "no work lowers"),
        (candidate("A", option(9_000_000, 4.5e6)), "outbid", r"0\.50 is below the margin 2\.00"),
        (candidate("A", option(9_000_000, 45e6)), "does_not_fit", r"5\.00.*at most 8\.00 million"),
        (candidate("A", option(9_000_000), tier=1, rules=("R3",), due=1), "shortage", "R3.*FY2028"),
    ],
)
def test_why_not(one: Candidate, code: str, says: str) -> None:
    found = reasons(GOOD, left=(one,)).why_left(one)
    assert found.code == code
    if says:
        with pytest.raises(BadInput, match=says):
            raise BadInput(found.en)
        assert found.ja != found.en


def test_a_bundle_is_named() -> None:
    terms = Terms(first_year=2027, budgets_yen=(10_000_000,), bundles=(("A", "B"),))
    one = candidate("A", option(9_000_000, 1e6))
    found = reasons(GOOD, left=(one,), terms=terms).why_left(one)
    assert "bundled with A, B" in found.en
    assert "A・B" in found.ja
    assert "FY2027 exhausted" in found.en


def test_without_competition_there_is_no_margin() -> None:
    one = candidate("A", option(9_000_000, 1e6))
    assert "margin ;" in reasons(left=(one,)).why_left(one).en


def test_why_chosen() -> None:
    told = reasons(GOOD)
    assert told.why_chosen(GOOD).code == "competes"
    assert "benefit for cost 2.00" in told.why_chosen(GOOD).en
    urgent = candidate("E", option(1), tier=0, rules=("R1",))
    assert told.why_chosen(Chosen(candidate=urgent, option=option(1), year=0)).code == "emergency"
    late = told.why_chosen(Chosen(candidate=urgent, option=option(1), year=1))
    assert (late.code, "missed: done in FY2028" in late.en) == ("must_late", True)
    due = candidate("D", option(1), tier=1, rules=("R3",), due=1)
    timely = told.why_chosen(Chosen(candidate=due, option=option(1), year=1))
    assert (timely.code, timely.ja) == ("must", "必須（R3）：期限 2028 年度")


def test_words_of_money_and_works() -> None:
    assert yen_words(0) == ("0 円", "0 yen")
    assert set(WORK_WORDS) == set(Work)
    assert set(REPAIRS) < set(Work)


def test_a_selection_that_breaks_a_limit_is_refused() -> None:
    over = Chosen(candidate=candidate("X", option(11_000_000)), option=option(11_000_000), year=0)
    for chosen, says in (((over,), "2027 would cost 11000000 yen"), ((GOOD, GOOD), "chosen twice")):
        found = Selection(chosen=chosen, left=(), method="exact", benefit=0.0, bound=0.0)
        with pytest.raises(BadInput, match=says):
            check_selection(found, TERMS)


def test_the_gap_is_a_share_of_the_bound() -> None:
    assert Selection(chosen=(), left=(), method="greedy", benefit=99, bound=100).gap == 0.01
    assert Selection(chosen=(), left=(), method="greedy", benefit=0, bound=0).gap == 0
