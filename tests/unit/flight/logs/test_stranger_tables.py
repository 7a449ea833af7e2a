"""Logs and tables of strangers: any encoding, odd numbers, and names as two systems spell them."""

import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.geotag.align import align
from flight.geotag.alignment import Unmatched
from flight.geotag.shot import Shot
from flight.logs.diary import read_diary
from flight.logs.flown import sum_up
from flight.logs.gpstime import utc_from_gps_week
from flight.logs.opening import open_log
from flight.logs.positionlist import KNOWN, read_position_list
from flight.logs.trigger import CameraTrigger, HeightFrame
from inspection.errors import BadInput

TABLE = "image,lat,lon,h,sd_n,sd_e,sd_u,q\n橋脚_0018.JPG,36.59,136.62,38.31,0.011,0.012,0.02,1\n"
MARK = (
    "1\t284013.456789\t[2260]\t    12,N\t    -3,E\t   190,V\t36.59460012,Lat\t136.62566934,Lon"
    "\t61.234,Ellh\t0.010600, 0.011900, 0.023100\t50,Q"
)
EVENTS = """%  GPST    latitude(deg) longitude(deg) height(m)  Q ns sdn(m)   sde(m)   sdu(m)
2026/11/23 11:31:05.800  36.594600120 136.625669340   61.2340  1 14  0.0106   0.0119   0.0231
"""
TEXT = """FMT, 128, 89, FMT, BBnNZ, Type,Length,Name,Format,Columns
FMT, 130, 49, GPS, QBBIHBcLLe, TimeUS,I,Status,GMS,GWk,NSats,HDop,Lat,Lng,Alt
FMT, 131, 49, CAM, QBHIHLLeeeccC, TimeUS,I,Img,GPSTime,GPSWeek,Lat,Lng,Alt,RelAlt,GPSAlt,R,P,Y
FMT, 133, 49, POS, QLLff, TimeUS,Lat,Lng,Alt,RelHomeAlt
FMT, 134, 49, BAT, QBffB, TimeUS,Inst,Volt,CurrTot,RemPct
GPS, 1000000, 0, 3, 127865800, 2446, 10, 1.2, 36.5, 136.6, 84
POS, 2000000, 36.5, 136.6, 84, 10
POS, 3000000, 36.5, 136.6, 84, 10
CAM, 2500000, 0, 1, 127867300, 2446, 36.5, 136.6, 84, 10, 84, 0, 0, 90
"""


def opened(tmp_path: Path, content: bytes | str, name: str = "a.csv") -> tuple[CameraTrigger, ...]:
    """Write a log and read its triggers."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_log(path).triggers


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_japanese_names_of_photos_survive_every_encoding(
    tmp_path: Path, encoding: str, ending: str
) -> None:
    (found,) = opened(tmp_path, TABLE.replace("\n", ending).encode(encoding))
    assert found.image == "橋脚_0018.JPG"
    assert (found.lat_deg, found.height_m) == (36.59, 38.31)


def test_half_width_kana_and_circled_numbers_are_cp932_too(tmp_path: Path) -> None:
    content = TABLE.replace("橋脚", "ﾊｼ①～").encode("cp932")
    assert opened(tmp_path, content)[0].image == "ﾊｼ①～_0018.JPG"


@given(order=st.permutations(KNOWN), mark=st.sampled_from([",", ";", "\t"]), upper=st.booleans())
def test_the_order_and_the_marks_of_a_table_do_not_matter(
    order: list[str], mark: str, upper: bool
) -> None:
    cells = dict(zip(KNOWN, ("a.JPG", "36.5", "136.6", "9", "1", "2", "3", "4"), strict=True))
    heading = mark.join(name.upper() if upper else name for name in order)
    text = f"{heading}{mark}note\n{mark.join(cells[name] for name in order)}{mark}x\n"
    (found,) = read_position_list(text, "a.csv").triggers
    assert (found.lat_deg, found.lon_deg, found.height_m) == (36.5, 136.6, 9.0)
    assert (found.std_n_m, found.std_e_m, found.std_u_m, found.quality) == (1.0, 2.0, 3.0, "4")


def test_names_with_marks_and_quotes_are_whole() -> None:
    text = 'image,lat,lon\n"pier 1, ""north"".JPG",36.5,136.6\n'
    assert read_position_list(text, "a.csv").triggers[0].image == 'pier 1, "north".JPG'


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("36.59", "nan", "lat_deg is nan"),
        ("36.59", "91", "not on the earth; are the columns swapped"),
        ("36.59", "36,59", "line 2"),
        ("36.59", "36°35", "column lat holds '36°35', not a number"),
        ("38.31", "1e9", "height_m is 1e+09 m, beyond ±100 km"),
        ("38.31", "inf", "height_m is inf"),
        ("0.011", "-0.5", "std_n_m is -0.5 m; a deviation is 0 to 100 km"),
        ("0.02", "1e12", "std_u_m is 1e+12 m; a deviation is 0 to 100 km"),
    ],
)
def test_a_number_that_cannot_be_is_a_loss_with_its_column(
    tmp_path: Path, column: str, value: str, words: str
) -> None:
    good = "b.JPG,36,136,1,,,,\n"
    path = tmp_path / "a.csv"
    path.write_text(TABLE.replace(column, value, 1) + good, encoding="utf-8")
    if value == "36,59":
        assert open_log(path).triggers[0].lat_deg == 36.0  # a decimal comma shifts the columns
        return
    log = open_log(path)
    assert [t.image for t in log.triggers] == ["b.JPG"]
    assert words in log.losses[0]


Form = Literal["NFC", "NFD"]
BOMB = "9" * 5000


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (MARK + "\n" + MARK.replace("1\t2", f"{BOMB}\t2", 1), "a.MRK"),
        (MARK + "\n" + MARK.replace("[2260]", f"[{BOMB}]"), "a.MRK"),
        (MARK + "\n" + MARK.replace("36.59460012", BOMB), "a.MRK"),
        (EVENTS + EVENTS.splitlines()[1].replace("2026/11/23", BOMB) + "\n", "a.pos"),
        (EVENTS + EVENTS.splitlines()[1].replace("61.2340", BOMB) + "\n", "a.pos"),
        (TABLE + f"b.JPG,{BOMB},136\n", "a.csv"),
        (TEXT + TEXT.splitlines()[-1].replace(", 1,", f", {BOMB},") + "\n", "a.log"),
        (TEXT + TEXT.splitlines()[-1].replace("2446", BOMB) + "\n", "a.log"),
    ],
)
def test_a_number_of_five_thousand_digits_is_a_loss(tmp_path: Path, text: str, name: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    log = open_log(path)
    assert 1 <= len(log.triggers) <= 2
    assert len(log.losses) == 2 - len(log.triggers) or log.losses


@pytest.mark.parametrize("digits", [400, 5000])
@pytest.mark.parametrize("column", ["1000000", "127865800", "2446"])
def test_a_fix_with_endless_digits_does_not_set_the_clock(
    tmp_path: Path, column: str, digits: int
) -> None:
    wild = TEXT.splitlines()[5].replace(column, "9" * digits)
    path = tmp_path / "a.log"
    path.write_text(TEXT + wild + "\n", encoding="utf-8")
    (trigger,) = open_log(path).triggers
    # week 2446, 127865.8 s at second 1 of the vehicle; the trigger is 1.5 s later
    assert trigger.at == datetime(2026, 11, 23, 11, 30, 49, 300_000, tzinfo=UTC)
    assert sum_up(read_diary(path)).flights == 1


@pytest.mark.parametrize(
    "line",
    [
        "BAT, 2000000, 1e999, 12, 3, 4",
        "BAT, 2000000, nan, 12, 3, 4",
        "BAT, 2000000, 0, twelve, 3, 4",
        "BAT, " + "9" * 400 + ", 0, 12, 3, 4",
        "POS, " + "9" * 400 + ", 36.5, 136.6, 84, 10",
        "POS, 2500000, north, 136.6, 84, 10",
        "POS, 2500000, 36.5, 136.6, 84, 1e999",
    ],
)
def test_a_line_that_makes_no_sense_costs_only_itself(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.log"
    path.write_text(TEXT + line + "\n", encoding="utf-8")
    found = sum_up(read_diary(path))
    assert (found.flights, found.airborne_s, found.photos) == (1, 1.0, 1)
    assert found.highest_m == 10.0


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("told", ["NFC", "NFD"])
def test_a_name_is_the_same_however_a_system_spells_it(form: Form, told: Form) -> None:
    name = "橋げた_ポンプ場_é.JPG"
    table = f"image,lat,lon\n{unicodedata.normalize(told, name)},36.5,136.6\n"
    log = read_position_list(table, "a.csv")
    shot = Shot(name=unicodedata.normalize(form, name), camera_s=None)
    found = align([shot], log)
    assert found.unmatched == ()
    assert found.matches[0].photo == shot.name


def test_one_photo_named_in_two_spellings_is_named_twice() -> None:
    rows = [f"{unicodedata.normalize(form, 'が.JPG')},36,136" for form in ("NFC", "NFD")]
    with pytest.raises(BadInput, match="twice; keep one row"):
        read_position_list("\n".join(("image,lat,lon", *rows)), "a.csv")


def named(*names: str, rows: tuple[str, ...]) -> dict[str, str | Unmatched | None]:
    """Match photos to the rows of a table; gives the row's image or why there is none."""
    lines = [f"{row},36.{n},136.6" for n, row in enumerate(rows)]
    log = read_position_list("\n".join(("image,lat,lon", *lines)), "a.csv")
    found = align([Shot(name=name, camera_s=None) for name in names], log)
    return {m.photo: m.trigger.image if m.trigger else m.reason for m in found.matches}


def test_a_row_that_two_photos_could_be_goes_to_neither() -> None:
    got = named("a/DJI_0001.JPG", "b/DJI_0001.JPG", "b/DJI_0002.JPG",
                rows=("DJI_0001.JPG", "DJI_0002.JPG"))  # fmt: skip
    assert got == {
        "a/DJI_0001.JPG": Unmatched.COMPETING,
        "b/DJI_0001.JPG": Unmatched.COMPETING,
        "b/DJI_0002.JPG": "DJI_0002.JPG",
    }


def test_a_row_with_the_whole_name_goes_to_that_photo() -> None:
    got = named("a/x_1.JPG", "b/x_1.JPG", rows=("A/x_1.jpg", "b/x_1.JPG"))
    assert got == {"a/x_1.JPG": "A/x_1.jpg", "b/x_1.JPG": "b/x_1.JPG"}
    got = named("x_1.JPG", "x_1.jpeg", rows=("x_1.JPG",))
    assert got == {"x_1.JPG": "x_1.JPG", "x_1.jpeg": Unmatched.NOT_LISTED}


@pytest.mark.parametrize("row", ["x_1", "x_1.ARW", "C:\\card\\x_1.TIF", "/card/X_1.jpg"])
def test_a_row_of_another_file_of_the_photo_is_its_own(row: str) -> None:
    assert named("sub/x_1.JPG", rows=(row,)) == {"sub/x_1.JPG": row}


@pytest.mark.parametrize(
    ("week", "seconds", "moment"),
    [
        (1043, 0.0, datetime(2000, 1, 1, 23, 59, 47, tzinfo=UTC)),
        (1930, 604_800.0, datetime(2017, 1, 7, 23, 59, 42, tzinfo=UTC)),
        (2048, 0.0, datetime(2019, 4, 6, 23, 59, 42, tzinfo=UTC)),
        (2400, 18.0, datetime(2026, 1, 4, 0, 0, 0, tzinfo=UTC)),
    ],
)
def test_golden_weeks_of_gps(week: int, seconds: float, moment: datetime) -> None:
    assert utc_from_gps_week(week, seconds) == moment


def test_the_frames_of_heights_follow_from_the_form(tmp_path: Path) -> None:
    frames = [
        opened(tmp_path, content, name)[0].height_frame
        for content, name in ((MARK, "a.MRK"), (EVENTS, "a.pos"), (TABLE, "a.csv"), (TEXT, "a.log"))
    ]
    assert frames == [
        HeightFrame.ELLIPSOID,
        HeightFrame.UNKNOWN,
        HeightFrame.UNKNOWN,
        HeightFrame.MSL,
    ]
