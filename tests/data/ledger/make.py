"""Make a ledger of 2 000 bridges, 40 rows of it broken in 12 ways, as prefectures write them.

Run it to look at the files: ``python -m tests.data.ledger.make FOLDER``. Nothing is random, so that
each run makes the same file. Names are made up; positions lie in Ishikawa.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from openpyxl import Workbook

TITLE = ["橋梁台帳（令和７年４月１日現在）"]
HEADING = [
    "施設番号", "施設ＩＤ", "橋梁名", "フリガナ", "路線名", "市区町村名", "緯度", "経度",
    "橋長（ｍ）", "幅員(m)", "架設年度", "上部構造形式", "点検年度", "健全性", "対策区分",
    "日交通量（台／日）", "緊急輸送道路", "路下条件", "添架物の有無", "備考",
]  # fmt: skip
ROWS = 2000
FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")

CITIES = ["金沢市", "七尾市", "小松市", "輪島市", "珠洲市", "加賀市", "羽咋市", "白山市"]
RIVERS = ["犀川", "浅野川", "手取川", "大聖寺川", "梯川", "河原田川", "町野川", "熊木川"]
ROUTES = ["国道１５９号", "主要地方道 金沢小松線", "(一)七尾鹿島線", "市道１〜２号線"]
STRUCTURES = ["鋼単純合成鈑桁", "ＰＣ単純Ｔ桁", "RC床版橋", "①径間連続PC箱桁"]
SOUNDNESS = ["Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "1", "２", "III", "判定区分Ⅱ", ""]
ROUTE_CLASSES = ["第１次", "第2次", "３次", "なし", "指定なし", ""]
UNDER = ["河川", "鉄道", "市道", "水路", "公園", ""]


def good_row(number: int) -> list[str]:
    """Give one row that can be read, in the many ways of writing one thing."""
    built = 1930 + number % 90
    era = f"S{built - 1925}" if built < 1989 else f"平成{built - 1988}年"
    if built == 1989:
        era = "平成元年度"
    if number % 17 == 0:
        era = "不明"
    elif number % 5 == 0:
        era = f"{built}年度"
    length = f"{2 + number % 180 + (number % 10) / 10:.1f}"
    if number % 3 == 0:
        length = length.translate(FULL_WIDTH)
    if number % 11 == 0:
        length += "ｍ"
    adt = "" if number % 7 == 0 else f"{number * 13 % 30_000:,}"
    return [
        f"ISK-{number:04}",
        f"{36.3 + number / 10_000:.5f}, {136.5 + number / 10_000:.5f}",
        f"{RIVERS[number % 8]}第{number}橋" + ("～側道" if number % 40 == 0 else ""),
        "サイガワ",
        ROUTES[number % 4],
        CITIES[number % 8],
        f"{36.3 + number / 10_000:.5f}",
        f"{136.5 + number / 10_000:.5f}",
        length,
        f"{3 + number % 12}.{number % 10}",
        era,
        STRUCTURES[number % 4],
        f"R{1 + number % 6}" if number % 2 else f"令和{1 + number % 6}年度",
        SOUNDNESS[number % 9],
        ["", "Ｂ", "C1", "C2＋S1", "M"][number % 5],
        adt,
        ROUTE_CLASSES[number % 6],
        UNDER[number % 6],
        ["有", "無", "○", "×", ""][number % 5],
        "要確認" if number % 100 == 0 else "",
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Break a row in one way.

    Attributes:
        code: what is wrong.
        column: heading of the cell that the reason must name; empty when the row as a whole.
        says: words that the reason must have.
        spoil: makes the broken row of a good one.
    """

    code: str
    column: str
    says: str
    spoil: Callable[[list[str]], list[str]]


def _set(column: str, value: str) -> Callable[[list[str]], list[str]]:
    at = HEADING.index(column)
    return lambda row: [value if i == at else cell for i, cell in enumerate(row)]


def _break(code: str, column: str, says: str, value: str, at: str = "") -> Break:
    """Break a cell: the one that the reason names, unless another is given."""
    return Break(code=code, column=column, says=says, spoil=_set(at or column, value))


def _shift(row: list[str]) -> list[str]:
    return [*row[:5], "", *row[5:], "x"]


BREAKS = (
    _break("no_id", "施設番号", "names no asset", ""),
    _break("twice", "施設番号", "stands on", "ISK-0001"),
    _break("no_name", "", "has no name", "", at="橋梁名"),
    _break("no_number", "橋長（ｍ）", "is no number", "約30m程度"),
    _break("unit", "橋長（ｍ）", "has the unit 'km'", "1.2km"),
    _break("negative", "幅員(m)", "is outside 0.1 to 200", "−4.5"),
    _break("era", "架設年度", "昭和 had the years 1 to 64", "昭和72年"),
    _break("soundness", "健全性", "none of I, II, III, IV", "Ⅴ"),
    _break("no_s3", "対策区分", "S3 is none of", "S3"),
    _break("swapped", "緯度", "swapped", "136.62567"),
    _break("half", "経度", "lacks its longitude", ""),
    Break(code="shifted", column="", says="cells have shifted", spoil=_shift),
)
"""Twelve kinds; 40 rows take them in turn."""

BROKEN = tuple(range(25, ROWS, 50))
"""Numbers of the rows that are broken."""


def make_rows() -> tuple[list[list[str]], dict[int, Break]]:
    """Give the rows under the heading, and which are broken by line of the file."""
    rows, broken = [], {}
    for number in range(1, ROWS + 1):
        row = good_row(number)
        if number in BROKEN:
            kind = BREAKS[BROKEN.index(number) % len(BREAKS)]
            row = kind.spoil(row)
            broken[number + 2] = kind  # below the title and the heading
        rows.append(row)
    return rows, broken


def _csv(rows: list[list[str]]) -> str:
    quoted = ([f'"{c}"' if "," in c or "\n" in c else c for c in row] for row in rows)
    return "".join(",".join(row) + "\r\n" for row in quoted)


def make_csv(folder: Path, encoding: str = "utf-8-sig") -> tuple[Path, dict[int, Break]]:
    """Write the ledger as CSV; CP932 has another wave dash and another minus."""
    rows, broken = make_rows()
    text = _csv([TITLE, HEADING, *rows])
    if encoding == "cp932":
        text = text.replace("\u301c", "\uff5e").replace("\u2212", "\uff0d")
    path = folder / f"ledger_{encoding}.csv"
    path.write_bytes(text.encode(encoding))
    return path, broken


def make_xlsx(folder: Path) -> tuple[Path, dict[int, Break]]:
    """Write the ledger as a workbook, numbers as numbers."""
    rows, broken = make_rows()
    book = Workbook(write_only=True)
    sheet = book.create_sheet("橋梁一覧")
    for row in (TITLE, HEADING, *rows):
        sheet.append([_cell(text) for text in row])
    path = folder / "ledger.xlsx"
    book.save(path)
    return path, broken


def _cell(text: str) -> str | float | None:
    if not text:
        return None
    plain = text.replace(",", "")
    is_number = plain.isascii() and plain.replace(".", "", 1).isdigit()
    return float(plain) if is_number else text


if __name__ == "__main__":
    into = Path(sys.argv[1])
    into.mkdir(parents=True, exist_ok=True)
    for made, spoiled in (make_csv(into), make_csv(into, "cp932"), make_xlsx(into)):
        print(f"{made}: {ROWS} rows, {len(spoiled)} broken")
