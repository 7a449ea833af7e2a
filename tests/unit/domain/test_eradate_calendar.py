"""Eras, calendars and fiscal years (domain specification §1.1, §7.1), municipality codes (§7.2)."""

import unicodedata
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.eradate import (
    CYCLE_YEARS,
    ERAS,
    NEWEST_YEAR,
    OLDEST_YEAR,
    WARN_MONTHS,
    Era,
    due_date,
    due_fiscal_year,
    due_warning,
    fiscal_year,
    months_left,
    read_date,
    read_year,
)
from inspection.domain.municipality import check_digit, full_code
from inspection.domain.notation import fold
from inspection.errors import BadInput

LAW = settings(max_examples=50, deadline=None, derandomize=True)
DAYS = st.dates(date(1990, 1, 1), date(2080, 12, 31))


def wide(text: str) -> str:
    """Write ASCII as the full-width characters of a Japanese keyboard."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("M1", 1868), ("明治45年", 1912), ("T1", 1912), ("大正15年", 1926), ("昭和元年", 1926),
        ("S64", 1989), ("平成元年", 1989), ("H31", 2019), ("令和元年度", 2019), ("R99", 2117),
        ("s. 55", 1980), ("昭 55", 1980), ("㍼55年", 1980), ("㋿6", 2024), ("㍻30年度", 2018),
        ("１９８０年", 1980), ("Ｓ５５", 1980), ("　1980　", 1980), ("1600", 1600), ("2200", 2200),
        ("1980(S55)", 1980), ("S55（1980年）", 1980), ("平成31年度(2019年度)", 2019),
        ("H31(R1)", 2019), ("2019(令和元年)", 2019), ("昭和41年(推定)", 1966),
        ("1980 (昭和５５年)", 1980),
    ],
)  # fmt: skip
def test_golden_years_of_ledgers(text: str, year: int) -> None:
    assert read_year(text) == year


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("S65", "昭和 had the years 1 to 64, not 65"),
        ("平成32年", "平成 had the years 1 to 31, not 32"),
        ("大正16", "大正 had the years 1 to 15"),
        ("M46", "明治 had the years 1 to 45"),
        ("R0", "令和 had the years 1 to 99, not 0"),
        ("令和100年", "not 100"),
        ("1599", "no year from 1600 to 2200"),
        ("2201年", "no year from 1600 to 2200"),
        ("55", "no year from 1600 to 2200"),
        ("1980(S56)", "two different years, 1980 and 1981"),
        ("R6(2025)", "two different years, 2024 and 2025"),
        ("昭和", "no year"),
        ("年", "no year"),
        ("昭和五十五年", "write 1980, S55 or 昭和55年"),
        ("1980-1985", "no year"),
        ("-1980", "no year"),
        ("1980.5", "no year"),
        ("19800", "no year"),
        ("X55", "no year"),
    ],
)
def test_a_year_that_is_none_is_refused_with_what_was_written(text: str, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_year(text)
    assert says in str(caught.value)
    assert text[:4] in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "　", "不明", "－", "-", "ー", "未詳", "N/A", "Unknown", "？"]
)
def test_what_nobody_knows_is_none_as_year_and_as_date(text: str) -> None:
    assert read_year(text) is None
    assert read_date(text) is None


@st.composite
def era_days(draw: st.DrawFn) -> tuple[Era, int, date]:
    era = draw(st.sampled_from(ERAS))
    year = draw(st.integers(1, era.last))
    first = date(era.before + year, 1, 1)
    return era, year, first + timedelta(days=draw(st.integers(0, 364)))


SHAPES = (
    "{ja}{y}年{m}月{d}日",
    "{letter}{y}.{m}.{d}",
    "{small}{y}/{m}/{d}",
    "{one} {y} 年 {m} 月 {d} 日",
    "{letter}{y}-{m:02}-{d:02}",
    "{letter}.{y}.{m}.{d}",
    "{ja}{y}年{m}月{d}日 9:05",
    "{letter}{y}.{m}.{d} 23:59:59",
)


@LAW
@given(era_days(), st.sampled_from(SHAPES), st.booleans())
def test_a_day_of_an_era_is_read_in_every_spelling(
    drawn: tuple[Era, int, date], shape: str, full_width: bool
) -> None:
    era, year, day = drawn
    text = shape.format(
        ja=era.ja, one=era.ja[0], letter=era.letter, small=era.letter.lower(),
        y="元" if year == 1 else year, m=day.month, d=day.day,
    )  # fmt: skip
    assert read_date(wide(text) if full_width else text) == day


@LAW
@given(
    DAYS, st.sampled_from(["", "T09:00", " 9:00", "T23:59:59.999", "T00:00:00Z", " 09:00+09:00"])
)
def test_a_western_day_is_read_with_and_without_its_time(day: date, clock: str) -> None:
    for text in (
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
        unicodedata.normalize("NFKD", day.isoformat()),
    ):
        assert read_date(text + clock) == day


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2023-02-29", "no day of the calendar"),
        ("2100/2/29", "no day of the calendar"),
        ("令和6年4月31日", "no day of the calendar"),
        ("20240230", "no day of the calendar"),
        ("2024-13-01", "no day of the calendar"),
        ("2024-00-10", "no day of the calendar"),
        ("2024-10-00", "no day of the calendar"),
        ("00000101", "no day of the calendar"),
        ("平成32年1月1日", "平成 had the years 1 to 31"),
        ("R6.5", "no date; write 2024-05-31, R6.5.31 or 令和6年5月31日"),
        ("2024", "no date"),
        ("45443", "no date"),
        ("31.05.2024", "no date"),
        ("2024-05-31 morning", "no date"),
        ("2024-05-31\x00", "no date"),
    ],
)
def test_a_date_that_is_none_is_refused_with_what_was_written(text: str, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_date(text)
    assert says in str(caught.value)
    assert repr(text) in str(caught.value)


@LAW
@given(st.text(max_size=12))
def test_any_text_is_a_year_nothing_or_refused(text: str) -> None:
    try:
        year = read_year(text)
    except BadInput:
        return
    assert year is None or OLDEST_YEAR <= year <= NEWEST_YEAR


@LAW
@given(st.text(alphabet="0123456789/-.年月日RSH元令和 T:", max_size=14))
def test_any_text_is_a_day_nothing_or_refused(text: str) -> None:
    try:
        day = read_date(text)
    except BadInput:
        return
    assert day is None or isinstance(day, date)


def test_the_eras_follow_each_other_without_a_gap() -> None:
    for before, after in pairwise(ERAS):
        # the last year of an era is the first year of the next: 昭和64 is 平成1
        assert before.before + before.last == after.before + 1


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2024, 3, 31), 2023), (date(2024, 4, 1), 2024), (date(2024, 12, 31), 2024),
        (date(2025, 1, 1), 2024), (date(2024, 2, 29), 2023), (date(2019, 4, 30), 2019),
    ],
)  # fmt: skip
def test_golden_fiscal_years_begin_in_april(day: date, year: int) -> None:
    assert fiscal_year(day) == year


@LAW
@given(DAYS)
def test_a_fiscal_year_holds_its_day_and_is_due_five_years_on(day: date) -> None:
    year = fiscal_year(day)
    assert date(year, 4, 1) <= day <= date(year + 1, 3, 31)
    assert due_fiscal_year(year) == year + CYCLE_YEARS == year + 5
    assert fiscal_year(due_date(year)) == due_fiscal_year(year)
    assert fiscal_year(due_date(year) + timedelta(days=1)) == due_fiscal_year(year) + 1


@pytest.mark.parametrize(
    ("today", "warning"),
    [
        (date(2023, 3, 31), None), (date(2024, 3, 30), None), (date(2024, 4, 1), 12),
        (date(2024, 9, 29), 12), (date(2024, 10, 1), 6), (date(2024, 12, 30), 6),
        (date(2025, 1, 1), 3), (date(2025, 3, 30), 3), (date(2025, 3, 31), 3),
        (date(2025, 4, 1), 0), (date(2030, 1, 1), 0),
    ],
)  # fmt: skip
def test_golden_warnings_of_a_bridge_inspected_in_2019(today: date, warning: int | None) -> None:
    assert due_warning(today, 2019) == warning


@LAW
@given(DAYS, st.integers(0, 900), st.integers(1995, 2070))
def test_a_warning_only_tightens_while_time_passes(day: date, later: int, last: int) -> None:
    urgency: dict[int | None, int] = {None: 99, 0: 0}
    urgency.update({months: months for months in WARN_MONTHS})
    before = due_warning(day, last)
    after = due_warning(day + timedelta(days=later), last)
    assert urgency[after] <= urgency[before]
    assert (before == 0) == (day > due_date(last))


@LAW
@given(DAYS, st.integers(-2000, 2000))
def test_whole_months_left_fall_with_each_month_and_turn_negative_when_due_has_passed(
    due: date, days: int
) -> None:
    today = due - timedelta(days=days)
    left = months_left(today, due)
    assert (left < 0) == (today > due)
    assert months_left(today - timedelta(days=31), due) in (left + 1, left + 2)
    first, last = (left * 30.4 - 4, (left + 1) * 30.5 + 4)
    assert first <= days <= last


ISHIKAWA = {
    "石川県": "170003", "金沢市": "172014", "七尾市": "172022", "小松市": "172031",
    "輪島市": "172049", "珠洲市": "172057", "加賀市": "172065", "羽咋市": "172073",
    "かほく市": "172090", "白山市": "172103", "能美市": "172111", "野々市市": "172120",
    "川北町": "173240", "津幡町": "173614", "内灘町": "173657", "志賀町": "173843",
    "宝達志水町": "173860", "中能登町": "174076", "穴水町": "174611", "能登町": "174637",
    "北海道": "010006", "札幌市": "011002", "東京都": "130001", "大阪市": "271004",
}  # fmt: skip


@pytest.mark.parametrize(("name", "code"), ISHIKAWA.items())
def test_golden_codes_of_local_governments(name: str, code: str) -> None:
    assert check_digit(code[:5]) == code[5], name
    assert full_code(code[:5]) == full_code(code) == code


@LAW
@given(st.integers(0, 99_999).map("{:05}".format))
def test_only_one_check_digit_fits_and_the_message_names_it(five: str) -> None:
    whole = full_code(five)
    assert whole[:5] == five
    for digit in "0123456789":
        if five + digit == whole:
            assert full_code(five + digit) == whole
            continue
        with pytest.raises(BadInput, match=f"{five + digit}.*{whole} would fit"):
            full_code(five + digit)


@pytest.mark.parametrize(
    "code",
    [
        "1720",
        "1720140",
        "17 01",
        "17-01",
        "１７２０１",
        "１７２０１４",
        "٣٤٥٦٧",
        "17201a",
        "17201\n",
    ],
)
def test_a_code_of_other_characters_is_refused(code: str) -> None:
    with pytest.raises(BadInput, match="must have 5 or 6 digits"):
        full_code(code)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("ｻｰﾊﾞｰ", "サーバー"), ("ｺﾝｸﾘｰﾄ", "コンクリート"), ("データ", "データ"),
        ("ﾃﾞｰﾀｰ", "データー"),
        ("らーめん", "らーめん"), ("ｰ", "-"), ("ー", "-"), ("ーー", "--"), ("ー12", "-12"),
        ("076ー225ー1111", "076-225-1111"), ("第1ー2号", "第1-2号"), ("NO.ｰ3", "NO.-3"),
        ("ケーブル−1", "ケーブル-1"), ("①", "1"), ("ⅳ", "iv"), ("　全角　", "全角"),
    ],
)  # fmt: skip
def test_a_long_vowel_after_kana_stays_and_elsewhere_is_a_hyphen(text: str, plain: str) -> None:
    assert fold(text) == plain


@LAW
@given(st.text(alphabet="ｱｰﾞﾊー-−12ァあ漢 　〜～", max_size=10))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
