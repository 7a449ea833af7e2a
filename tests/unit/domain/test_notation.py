"""Characters, years and dates of Japanese ledgers."""

import doctest
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain import eradate, notation
from inspection.domain.eradate import (
    ERAS,
    due_date,
    due_fiscal_year,
    due_warning,
    fiscal_year,
    months_left,
    read_date,
    read_year,
)
from inspection.domain.notation import (
    circled,
    fold,
    is_unknown,
    read_circled,
    read_number,
    read_soundness,
)
from inspection.errors import BadInput

days = st.dates(date(1873, 1, 1), date(2080, 12, 31))


@pytest.mark.parametrize("module", [eradate, notation])
def test_examples_hold(module: object) -> None:
    outcome = doctest.testmod(module)  # type: ignore[arg-type]
    assert outcome.failed == 0
    assert outcome.attempted > 5


@pytest.mark.parametrize("dash", "〜～∼~")
def test_every_wave_dash_is_one(dash: str) -> None:
    assert fold(f"0101{dash}0204") == "0101~0204"


@pytest.mark.parametrize("sign", "-−－‐–—―ｰ")
def test_every_minus_is_one(sign: str) -> None:
    assert read_number(f"{sign}4.5") == -4.5


def test_a_long_vowel_of_katakana_is_no_minus() -> None:
    assert fold("サーバー") == "サーバー"


@given(st.integers(1, 50))
def test_circled_numbers_come_back(number: int) -> None:
    assert read_circled(circled(number)) == number


@pytest.mark.parametrize("number", [0, 51, -1])
def test_numbers_without_a_circle_are_refused(number: int) -> None:
    with pytest.raises(BadInput, match="circled"):
        circled(number)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Ⅰ", "I"), ("Ⅱ", "II"), ("Ⅲ", "III"), ("Ⅳ", "IV"), ("１", "I"), ("4", "IV"),
        ("iii", "III"),
        ("判定区分Ⅱ", "II"), ("健全性：Ⅲ", "III"), ("Ⅲ判定", "III"), (" Ⅳ ", "IV"),
    ],
)  # fmt: skip
def test_soundness_in_every_spelling(text: str, code: str) -> None:
    assert read_soundness(text) == code


@pytest.mark.parametrize("text", ["Ⅴ", "5", "0", "IIII", "a", "ⅠⅡ", ""])
def test_what_is_no_soundness_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="none of I, II, III, IV"):
        read_soundness(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.5", 12.5),
        ("１２．５", 12.5),
        ("1,234", 1234),
        ("１，２３４．５", 1234.5),
        (".5", 0.5),
        ("+3", 3),
    ],
)
def test_numbers(text: str, value: float) -> None:
    assert read_number(text) == value


@pytest.mark.parametrize("text", ["", "abc", "1,23", "12 34", "約30", "1.2.3", "--5", "1e5"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read_number(text)


def test_a_unit_must_be_one_that_the_field_has() -> None:
    metres = frozenset({"m"})
    assert read_number("30ｍ", units=metres) == 30
    with pytest.raises(BadInput, match="'km'"):
        read_number("1.2km", units=metres)


@pytest.mark.parametrize("text", ["不明", "", "－", "-", "未詳", "N/A"])
def test_unknown_is_null_and_not_zero(text: str) -> None:
    assert is_unknown(text)
    assert read_year(text) is None
    assert read_date(text) is None


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("M45", 1912), ("T1", 1912), ("T15", 1926), ("S1", 1926), ("S64", 1989), ("H1", 1989),
        ("H31", 2019), ("R1", 2019), ("令和元年", 2019), ("Ｓ５５", 1980), ("昭55", 1980),
        ("1980年度", 1980), ("S.55", 1980), ("1980(S55)", 1980), ("1980（昭和55年）", 1980),
    ],
)  # fmt: skip
def test_years(text: str, year: int) -> None:
    assert read_year(text) == year


@pytest.mark.parametrize("text", ["S65", "H32", "T16", "M46", "S0", "昭和72年", "0", "99999", "X5"])
def test_years_that_never_were(text: str) -> None:
    with pytest.raises(BadInput):
        read_year(text)


def test_two_years_that_disagree_are_refused() -> None:
    with pytest.raises(BadInput, match="two different years"):
        read_year("1980(S54)")


@given(days)
def test_dates_in_eras_are_the_same_day(day: date) -> None:
    for era in ERAS:
        year = day.year - era.before
        if 1 <= year <= era.last:
            assert read_date(f"{era.ja}{year}年{day.month}月{day.day}日") == day
            assert read_date(f"{era.letter}{year}.{day.month}.{day.day}") == day
    assert read_date(day.isoformat()) == read_date(day.strftime("%Y/%m/%d")) == day


@pytest.mark.parametrize("text", ["2024-02-30", "R6.13.1", "2024/2", "20241301", "きのう"])
def test_days_that_are_not_in_the_calendar(text: str) -> None:
    with pytest.raises(BadInput):
        read_date(text)


def test_a_time_of_day_is_passed_over() -> None:
    assert read_date("2024-05-31 00:00:00") == date(2024, 5, 31)


@given(days)
def test_a_fiscal_year_begins_in_april(day: date) -> None:
    begun = fiscal_year(day)
    assert date(begun, 4, 1) <= day <= date(begun + 1, 3, 31)


@given(days)
def test_an_inspection_is_due_within_the_fifth_fiscal_year_after(day: date) -> None:
    last = fiscal_year(day)
    assert fiscal_year(due_date(last)) == due_fiscal_year(last) == last + 5
    assert fiscal_year(due_date(last) + timedelta(days=1)) == last + 6


@pytest.mark.parametrize(
    ("today", "warning"),
    [
        (date(2024, 3, 31), None), (date(2024, 4, 1), 12), (date(2024, 9, 30), 12),
        (date(2024, 10, 1), 6), (date(2025, 1, 1), 3), (date(2025, 3, 31), 3),
        (date(2025, 4, 1), 0),
    ],
)  # fmt: skip
def test_warnings_12_6_3_months_before(today: date, warning: int | None) -> None:
    assert due_warning(today, 2019) == warning


def test_months_left_counts_whole_months() -> None:
    assert months_left(date(2025, 1, 31), date(2025, 3, 31)) == 2
    assert months_left(date(2025, 2, 1), date(2025, 3, 31)) == 1
