"""One value in many spellings: eras, widths of digits, chainages, degrees, yes and no."""

import unicodedata
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from inspection.codelists.columns import COSTS, ELEMENTS, CellKind, LedgerField, Target, load_fields
from inspection.errors import BadInput
from inspection.intake.cells import Value, read_cell, read_flag, tidy

FIELDS = load_fields()
FULL = str.maketrans("0123456789.-+,", "０１２３４５６７８９．－＋，")


def field(kind: CellKind, *, low: float = -1e9, high: float = 1e9) -> LedgerField:
    return LedgerField(
        name="x", kind=kind, target=Target.ATTRIBUTE, aliases=("x",), low=low, high=high
    )


NUMBER, CHAINAGE, DEGREES = (
    field(k) for k in (CellKind.NUMBER, CellKind.CHAINAGE, CellKind.DEGREES)
)
YEAR, DAY = field(CellKind.YEAR), field(CellKind.DATE)


# Years by domain specification §7.1: eras M, T, S, H, R; fiscal years begin in April.
FIRST_YEARS = {"明治": 1868, "大正": 1912, "昭和": 1926, "平成": 1989, "令和": 2019}
LETTERS = dict(zip("MTSHR", FIRST_YEARS, strict=True))


@pytest.mark.parametrize(("letter", "era"), LETTERS.items())
@pytest.mark.parametrize("number", [1, 2, 9, 14])
def test_a_year_of_an_era_in_every_spelling(letter: str, era: str, number: int) -> None:
    year = FIRST_YEARS[era] + number - 1
    spellings = [
        f"{letter}{number}", f"{letter.lower()}{number}", f"{letter}.{number}",
        f"{letter} {number}",
        f"{era}{number}年", f"{era}{number}年度", f"{era} {number} 年度", f"{era[0]}{number}",
        f"{letter}{number}".translate(FULL),
        chr(ord(letter) + 0xFEE0) + str(number).translate(FULL),
        f"{year}", f"{year}年", f"{year}年度", f"{year}({letter}{number})",
        f"{era}{number}年（{year}年）",
    ]  # fmt: skip
    assert {read_cell(text, YEAR) for text in spellings} == {year}
    if number == 1:
        assert {read_cell(f"{era}元年", YEAR), read_cell(f"{letter}元", YEAR)} == {year}


@pytest.mark.parametrize(
    "text", ["S65", "昭和0年", "H32", "T16", "M46", "1980(S54)", "S55.13.1", "80", "2201", "1599",
             "平成三年", "X5", "R", "令和", "2024年度末", "²²"],
)  # fmt: skip
def test_years_that_never_were_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match=text[:2].replace("(", r"\(")):
        read_cell(text, YEAR)


@given(st.dates(date(1989, 1, 8), date(2030, 12, 31)))
def test_a_day_in_a_column_of_years_is_its_fiscal_year(day: date) -> None:
    wanted = day.year if (day.month, day.day) >= (4, 1) else day.year - 1
    for text in (day.isoformat(), f"{day:%Y/%m/%d}", f"{day.year}年{day.month}月{day.day}日"):
        assert read_cell(text, YEAR) == wanted


@pytest.mark.parametrize(
    ("text", "year"),
    [("R7.3.31", 2024), ("R7.4.1", 2025), ("H31.4.30", 2019), ("R1.5.1", 2019), ("S64.1.7", 1988),
     ("H1.1.8", 1988), ("2024-02-29", 2023), ("20240401", 2024), ("2024-03-31T23:59:59", 2023)],
)  # fmt: skip
def test_the_turn_of_the_fiscal_year(text: str, year: int) -> None:
    assert read_cell(text, YEAR) == year


@given(st.dates(date(1868, 1, 1), date(2099, 12, 31)))
def test_any_day_comes_back_in_iso(day: date) -> None:
    era, first = max(
        (pair for pair in FIRST_YEARS.items() if pair[1] <= day.year), key=lambda p: p[1]
    )
    of_era = day.year - first + 1
    for text in (
        day.isoformat(), f"{day.year}.{day.month}.{day.day}", f"{day:%Y%m%d}",
        f"{era}{of_era}年{day.month}月{day.day}日", f"{day.isoformat()} 09:30",
        f"{day.year}/{day.month}/{day.day}".translate(FULL),
    ):  # fmt: skip
        assert read_cell(text, DAY) == day.isoformat()


@pytest.mark.parametrize("text", ["2023-02-29", "R6.2.30", "2024-04-31", "2024-13-01", "20241301",
                                  "2024-00-10", "令和6年", "31.12.2024", "R6/5"])  # fmt: skip
def test_days_that_are_in_no_calendar_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match=text[:3]):
        read_cell(text, DAY)


# Chainages


@given(st.integers(0, 999), st.integers(0, 999), st.integers(0, 9))
def test_one_place_on_a_route_has_one_number(km: int, m: int, tenth: int) -> None:
    metres = km * 1000 + m + tenth / 10
    spellings = [
        f"{km}k{m:03d}.{tenth}", f"{km}K{m}.{tenth}m", f"{km}+{m:03d}.{tenth}",
        f"{km}km+{m}.{tenth}m",
        f"{metres}", f"{metres}m", f"{km}.{m:03d}{tenth}kp", f"{km}.{m:03d}{tenth} KP",
        f"{km}+{m:03d}.{tenth}".translate(FULL),
    ]  # fmt: skip
    assert {read_cell(text, CHAINAGE) for text in spellings} == {metres}


@pytest.mark.parametrize(
    "text", ["12k1500", "12.3.4kp", "kp", "-12.3kp", "12マイル", "1+2+3", "12km超"]
)
def test_chainages_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"is no number|has the unit"):
        read_cell(text, CHAINAGE)


# Numbers


@given(st.integers(-(10**8), 10**8), st.integers(0, 999))
def test_a_number_in_every_width_of_digits(whole: int, thousandths: int) -> None:
    value = float(f"{whole}.{thousandths:03d}")
    plain, grouped = f"{whole}.{thousandths:03d}", f"{whole:,}.{thousandths:03d}"
    for text in (plain, grouped, f" {plain}\u3000", plain.translate(FULL), grouped.translate(FULL)):
        assert read_cell(text, NUMBER) == value


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(0.001, 1e6))
def test_bounds_are_part_of_what_may_be_written(low: float, span: float) -> None:
    assume(abs(low) < 1e6)
    low, high = round(low, 3), round(low, 3) + round(span, 3)
    bounded = field(CellKind.NUMBER, low=low, high=high)
    assert read_cell(f"{low:.3f}", bounded) == pytest.approx(low, abs=1e-9)
    for outside in (low - 1, high + 1):
        with pytest.raises(BadInput, match=f"'{outside:.3f}' is outside"):
            read_cell(f"{outside:.3f}", bounded)


@pytest.mark.parametrize(
    "text", ["1,23", "12,3456", "1.2.3", "1 2", "0x10", "1e3", "∞", "NaN", "½", "一二", "-", "1/2",
             "--5", "5％以上", "3~5", "10m2"],
)  # fmt: skip
def test_text_that_only_looks_like_a_number_is_refused(text: str) -> None:
    if text == "-":
        assert read_cell(text, NUMBER) is None  # nobody knows
        return
    with pytest.raises(BadInput, match=r"is no number|has the unit"):
        read_cell(text, NUMBER)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("length_m", "12メートル", 12), ("length_m", "１２Ｍ", 12), ("adt", "1,200 台/24h", 1200),
        ("detour_min", "15分", 15), ("crack_ratio_percent", "０％", 0),
        ("iri_mm_per_m", "3.5mm/m", 3.5),
        ("spans", "3径間", 3), ("rut_mm", "25㎜", 25),
    ],
)  # fmt: skip
def test_units_that_belong_to_a_field(name: str, text: str, value: float) -> None:
    assert read_cell(text, FIELDS[name]) == value


@pytest.mark.parametrize("name", ["length_m", "rut_mm", "adt", "detour_min"])
def test_units_of_another_kind_are_never_read_over(name: str) -> None:
    for unit in ("km", "cm", "ft", "時間", "千台", "%"):
        with pytest.raises(BadInput, match=f"unit '{unit}'"):
            read_cell(f"5{unit}", FIELDS[name])


# Degrees


@given(st.integers(0, 359_999), st.sampled_from("NSEW北南東西"))
def test_degrees_minutes_and_seconds(tenths: int, letter: str) -> None:
    d, rest = divmod(tenths, 36_000)
    m, s = divmod(rest, 600)
    value = d + m / 60 + s / 10 / 3600
    for text in (
        f"{d}°{m}′{s / 10}″",
        f"{d}度{m}分{s / 10}秒",
        f"{d}° {m}' {s / 10}\"".translate(FULL),
    ):
        assert read_cell(text, DEGREES) == pytest.approx(value, abs=1e-12)
        signed = read_cell(text + letter, DEGREES)
        assert signed == pytest.approx(-value if letter in "SW南西" else value, abs=1e-12)


@pytest.mark.parametrize("text", ["36°60′00″", "36°00′60″", "36°59′60.0″", "36度75分1秒"])
def test_sixty_minutes_are_a_degree_that_nobody_wrote(text: str) -> None:
    with pytest.raises(BadInput, match="60 or more"):
        read_cell(text, DEGREES)


@pytest.mark.parametrize(("name", "bound"), [("lat_deg", 90), ("lon_deg", 180)])
def test_a_position_ends_at_the_pole_and_at_the_date_line(name: str, bound: int) -> None:
    for sign in (1, -1):
        assert read_cell(f"{sign * bound}", FIELDS[name]) == sign * bound
        with pytest.raises(BadInput, match="are latitude and longitude swapped"):
            read_cell(f"{sign * (bound + 0.0001)}", FIELDS[name])


# Yes, no, and choices


@pytest.mark.parametrize(
    "text", ["有", " 有り", "あり", "○", "〇", "◯", "YES", "ｙｅｓ", "１", "True", "該当"]
)
def test_yes(text: str) -> None:
    assert read_flag(text) is True


@pytest.mark.parametrize(
    "text", ["無", "無し", "なし", "×", "✕", "No", "０", "FALSE", "非該当", "いいえ"]
)
def test_no(text: str) -> None:
    assert read_flag(text) is False


@pytest.mark.parametrize("text", ["不明", "-", "－", "―", "?", "？", "N/A", "未詳", ""])
def test_nobody_knows_is_neither(text: str) -> None:
    assert read_flag(text) is None


@pytest.mark.parametrize("text", ["△", "2", "有無", "はい？", "✓", "yes no"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="neither yes"):
        read_flag(text)


@pytest.mark.parametrize("fields", [load_fields(), load_fields(ELEMENTS), load_fields(COSTS)])
def test_every_spelling_of_every_choice_gives_a_value_that_is_a_spelling_too(
    fields: dict[str, LedgerField],
) -> None:
    for one in fields.values():
        for spelling, value in one.choices.items():
            wide = "".join(
                chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in spelling
            )  # full width
            assert read_cell(spelling, one) == read_cell(wide, one) == value, (one.name, spelling)
            assert read_cell(f" {spelling.upper()} ", one) == value


def test_no_choice_is_guessed_from_the_beginning_of_a_word() -> None:
    for name, text in (
        ("kind", "橋台"),
        ("emergency_route", "第1次指定予定"),
        ("pavement", "アス"),
    ):
        with pytest.raises(BadInput, match="is none of"):
            read_cell(text, FIELDS[name])


@given(st.sampled_from(sorted(FIELDS)), st.sampled_from(["", " ", "\u3000", "\t", " \r\n"]))
def test_an_empty_cell_says_nothing_whatever_it_is_for(name: str, blank: str) -> None:
    assert read_cell(blank, FIELDS[name]) is None


@given(st.text(max_size=12))
def test_tidy_words_stay_tidy_and_only_dashes_and_borders_change(text: str) -> None:
    once = tidy(text)
    assert tidy(once) == once
    assert len(once) <= len(text)
    assert unicodedata.normalize("NFKC", once).replace("~", "") == unicodedata.normalize(
        "NFKC",
        "".join("~" if c in "\u301c\uff5e\u223c\u223e" else c for c in text).strip(" \t\r\n\u3000"),
    ).replace("~", "")


@given(st.dates(date(1930, 1, 1), date(2100, 1, 1)), st.integers(1, 3000))
def test_fiscal_years_never_run_backwards(day: date, more: int) -> None:
    def year(one: date) -> Value | None:
        return read_cell(one.isoformat(), YEAR)

    first, later = year(day), year(day + timedelta(days=more))
    assert isinstance(first, int) and isinstance(later, int)
    assert 0 <= later - first <= more // 365 + 1
