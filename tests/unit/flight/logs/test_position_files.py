"""MRK, RTKLIB and CSV: golden lines, and what a wrong file is told."""

import doctest
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flight.logs import positionlist, trigger
from flight.logs.mrk import is_mrk, read_mrk
from flight.logs.opening import open_log
from flight.logs.positionlist import read_position_list
from flight.logs.rtklib import read_rtklib
from flight.logs.trigger import CameraTrigger, HeightFrame
from inspection.errors import BadInput, NotFound
from tests.support.flightlog import line_flight, mrk_lines

FLIGHT = line_flight()
GOLDEN_MRK = (
    "1\t284013.456789\t[2260]\t    12,N\t    -3,E\t   190,V\t36.59460012,Lat\t136.62566934,Lon"
    "\t61.234,Ellh\t0.010600, 0.011900, 0.023100\t50,Q"
)
EVENTS = """% program   : RTKPOST ver.2.4.3 demo5
% (lat/lon/height=WGS84/ellipsoidal,Q=1:fix,2:float,3:sbas,4:dgps,5:single,6:ppp,ns=# of satellites)
%  GPST                  latitude(deg) longitude(deg)  height(m)   Q  ns   sdn(m)   sde(m)   sdu(m)
2026/11/23 11:31:05.800   36.594600120  136.625669340    61.2340   1  14   0.0106   0.0119   0.0231
2026/11/23 11:31:08.750   36.594735120  136.625669340    61.2360   2  14   0.1106   0.2119   0.3231
"""
TABLE = """image,lat,lon,h,sd_n,sd_e,sd_u,q
DJI_0018.JPG,46.8426070,-91.9945598,38.31,0.011,0.012,0.02,1
DJI_0019.JPG,46.8426906,-91.9944277,38.61,,,,
"""


def test_doctests_hold() -> None:
    assert doctest.testmod(positionlist).failed == 0
    assert doctest.testmod(trigger).failed == 0


def test_golden_mrk_line() -> None:
    log = read_mrk(GOLDEN_MRK, "a.MRK")
    found = log.triggers[0]
    # week 2260 begins 2023-04-30 on the GPS scale; 284013.456789 s − 18 s
    assert found.at == datetime(2023, 5, 3, 6, 53, 15, 456_789, tzinfo=UTC)
    assert (found.lat_deg, found.lon_deg, found.height_m) == (36.59460012, 136.62566934, 61.234)
    assert (found.std_n_m, found.std_e_m, found.std_u_m) == (0.0106, 0.0119, 0.0231)
    assert found.height_frame is HeightFrame.ELLIPSOID
    assert found.quality == "50"
    assert log.numbers_photos


def test_the_offset_of_the_antenna_is_not_added_again() -> None:
    far = GOLDEN_MRK.replace("190,V", "9000,V")
    assert read_mrk(far, "a").triggers[0].height_m == read_mrk(GOLDEN_MRK, "a").triggers[0].height_m


def test_a_whole_mrk_and_a_broken_line(tmp_path: Path) -> None:
    lines = mrk_lines(FLIGHT.triggers)
    lines[7] = lines[7][:40]
    lines.insert(3, "")
    (tmp_path / "t.MRK").write_text("\r\n".join(lines), encoding="utf-8")
    log = open_log(tmp_path / "t.MRK")
    assert log.form == "DJI MRK"
    assert len(log.triggers) == 55
    assert len(log.losses) == 1
    assert "line 9" in log.losses[0]
    by_number = {one.sequence: one for one in FLIGHT.triggers}
    for found in log.triggers:
        made = by_number[found.sequence].at
        assert made is not None
        assert found.at is not None
        assert abs(found.at - made) <= timedelta(milliseconds=1)


def test_no_mark_at_all() -> None:
    assert not is_mrk("hello\nworld")
    with pytest.raises(BadInput, match="no time mark"):
        read_mrk("hello\n", "a.MRK")


def test_a_mark_off_the_earth_is_told_with_its_line() -> None:
    text = GOLDEN_MRK + "\n" + GOLDEN_MRK.replace("36.59460012,Lat", "136.6,Lat")
    log = read_mrk(text, "a.MRK")
    assert len(log.triggers) == 1
    assert "line 2" in log.losses[0]
    assert "not on the earth" in log.losses[0]


def test_golden_events_of_rtklib(tmp_path: Path) -> None:
    (tmp_path / "a_events.pos").write_text(EVENTS, encoding="utf-8")
    log = open_log(tmp_path / "a_events.pos")
    first, second = log.triggers
    assert first.at == datetime(2026, 11, 23, 11, 30, 47, 800_000, tzinfo=UTC)
    assert first.height_frame is HeightFrame.ELLIPSOID
    assert (first.std_n_m, first.std_e_m, first.std_u_m) == (0.0106, 0.0119, 0.0231)
    assert second.quality == "2"
    assert log.losses == ()


@pytest.mark.parametrize(
    ("old", "new", "hour", "second"), [("GPST", "UTC ", 11, 5), ("GPST", "JST ", 2, 5)]
)
def test_scales_of_time(old: str, new: str, hour: int, second: int) -> None:
    found = read_rtklib(EVENTS.replace(old, new), "a.pos").triggers[0].at
    assert found is not None
    assert (found.hour, found.second) == (hour, second)


def test_week_and_second_of_rtklib() -> None:
    text = EVENTS.replace("2026/11/23 11:31:05.800", "2446 127865.800")
    found = read_rtklib(text, "a.pos").triggers[0].at
    assert found == datetime(2026, 11, 23, 11, 30, 47, 800_000, tzinfo=UTC)


def test_other_solutions_say_how_to_solve_again() -> None:
    with pytest.raises(BadInput, match="out-solformat=llh"):
        read_rtklib(EVENTS.replace("latitude(deg) longitude(deg)", "x-ecef(m) y-ecef(m)"), "a")
    with pytest.raises(BadInput, match="out-degform=deg"):
        read_rtklib(EVENTS.replace("latitude(deg)", "latitude(d'\")"), "a")


def test_a_track_is_no_list_of_events() -> None:
    head, row = EVENTS.rsplit("\n", 3)[0], EVENTS.splitlines()[3]
    start = datetime(2026, 11, 23, 11, 31, 5)
    rows = [
        f"{start + timedelta(seconds=0.2 * n):%Y/%m/%d %H:%M:%S.%f}{row[23:]}" for n in range(300)
    ]
    with pytest.raises(BadInput, match=r"track \(301 rows|track \(300 rows"):
        read_rtklib("\n".join((*head.splitlines()[:3], *rows)), "a.pos")


def test_a_broken_row_of_rtklib_is_a_loss() -> None:
    log = read_rtklib(EVENTS + "2026/11/23 11:31:10.0 36.5\n", "a.pos")
    assert len(log.triggers) == 2
    assert "line 6" in log.losses[0]


def test_golden_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TABLE, encoding="utf-8-sig")
    log = open_log(tmp_path / "a.csv")
    first, second = log.triggers
    assert (first.image, first.height_m, first.quality) == ("DJI_0018.JPG", 38.31, "1")
    assert first.height_frame is HeightFrame.UNKNOWN
    assert first.horizontal_std_m == 0.012
    assert second.std_n_m is None
    assert second.at is None


@pytest.mark.parametrize("mark", [";", "\t"])
def test_other_separators_and_capitals(mark: str) -> None:
    text = TABLE.replace(",", mark).replace("image", "Image").replace("lat", " LAT")
    assert len(read_position_list(text, "a.csv").triggers) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (TABLE.replace("lon", "long"), "no column lon; it has image, lat, long"),
        (TABLE.replace("q\n", "lat\n", 1), "column lat twice"),
        (TABLE.replace("0019", "0018"), "DJI_0018.JPG twice"),
        (TABLE.splitlines()[0], "no usable row"),
    ],
)
def test_what_is_wrong_with_a_table(text: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        read_position_list(text, "a.csv")


def test_a_bad_row_is_a_loss_with_its_line_and_column() -> None:
    rows = TABLE + "DJI_0020.JPG,north,-91.99,,,,,\n,46,-91,,,,,\nDJI_0021.JPG,,-91,,,,,\n"
    log = read_position_list(rows, "a.csv")
    assert len(log.triggers) == 2
    assert "line 4 is not used: column lat holds 'north'" in log.losses[0]
    assert "no photo is named" in log.losses[1]
    assert "DJI_0021.JPG has no number in lat or lon" in log.losses[2]


def test_files_that_are_no_log(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nowhere\.BIN"):
        open_log(tmp_path / "nowhere.BIN")
    (tmp_path / "empty.BIN").touch()
    with pytest.raises(BadInput, match="0 bytes"):
        open_log(tmp_path / "empty.BIN")
    (tmp_path / "photo.JPG").write_bytes(b"\xff\xd8\xff\xe0" * 500)
    with pytest.raises(BadInput, match="known are"):
        open_log(tmp_path / "photo.JPG")
    with pytest.raises(BadInput, match="cannot be read"):
        open_log(tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"lat_deg": float("nan")}, "lat_deg is nan"),
        ({"lat_deg": None}, "half of a position"),
        ({"lat_deg": 136.6}, "columns swapped"),
        ({"at": datetime(2026, 1, 1)}, "no zone"),
    ],
)
def test_a_trigger_checks_itself(change: dict[str, object], told: str) -> None:
    values: dict[str, object] = {
        "sequence": 7,
        "at": datetime(2026, 1, 1, tzinfo=UTC),
        "lat_deg": 36.5,
        "lon_deg": 136.6,
        "source": "CAM",
    }
    with pytest.raises(BadInput, match=f"trigger 7.*{told}"):
        CameraTrigger(**{**values, **change})  # type: ignore[arg-type]
