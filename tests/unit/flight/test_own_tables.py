"""Tables that users write themselves: a wrong type is no value, and nothing is quietly left out.

A drone that is believed to sense obstacles comes a metre closer to the bridge (domain §6.3), so
that "no" in quotes must never be taken for true.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.capability import capability, safe_standoff_m
from flight.drone import Drone, drones_for, find_drone, load_drones
from flight.lens import find_lens, fixed_lenses
from flight.purpose import find_purpose
from flight.tablefile import read_rows
from inspection.codelists.cameras import find_camera, load_cameras, read_cameras
from inspection.errors import BadCodelist, BadInput, NotFound, TenkenError
from tests.support.flightcommand import fly
from tests.support.sites import polygon, write

DRONE: dict[str, Any] = {
    "code": "mine", "label": "自作機", "vehicle": "ardupilot", "least_step_m": 0,
    "wayline_name": None, "cameras": ["sony_a7r"], "flight_time_min": 20, "slowest_m_s": 0.5,
    "cruise_m_s": 5, "limit_m_s": 9, "climb_m_s": 2, "gimbal_pitch_deg": [-90, 30],
    "rotor_m": 0.4, "span_m": 1.2, "wind_limit_m_s": 8, "capacity_items": 650, "hold_s": 1,
    "obstacle_sensing": False, "needs_review": False,
}  # fmt: skip
CAMERA: dict[str, Any] = {
    "code": "own", "label": "Own", "make": "OWN", "exif_models": ["O1"],
    "sensor_mm": [35.7, 23.8], "pixels": [9504, 6336], "pitch_um": 3.76, "focal_mm": [35],
    "needs_review": False,
}  # fmt: skip


def table(folder: Path, *rows: dict[str, Any], key: str = "drones", **head: Any) -> Path:
    """Write a table; rows take the place of nothing."""
    path = folder / f"{key}.yaml"
    content = {"version": 1, key: list(rows)} | head
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def one(folder: Path, **changes: Any) -> Drone:
    return load_drones(table(folder, DRONE | changes))[0]


def test_a_whole_row_is_read_as_it_stands(tmp_path: Path) -> None:
    drone = one(tmp_path)
    assert (drone.code, drone.label, drone.cameras) == ("mine", "自作機", ("sony_a7r",))
    assert (drone.obstacle_sensing, drone.capacity_items, drone.wayline_name) == (False, 650, None)
    assert drone.gimbal_pitch_deg == (-90.0, 30.0)


@pytest.mark.parametrize("name", sorted(DRONE))
def test_no_field_of_a_drone_may_be_left_out(tmp_path: Path, name: str) -> None:
    row = {key: value for key, value in DRONE.items() if key != name}
    with pytest.raises(BadCodelist, match="code" if name == "code" else f"mine.*{name}"):
        load_drones(table(tmp_path, row))


NUMBERS = [
    "flight_time_min", "slowest_m_s", "cruise_m_s", "limit_m_s", "climb_m_s", "rotor_m", "span_m",
    "wind_limit_m_s", "hold_s", "least_step_m", "capacity_items",
]  # fmt: skip


@pytest.mark.parametrize("value", ["20", True, None, [20], -1, float("nan"), float("inf")])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_of_a_drone_is_a_number_that_can_be(
    tmp_path: Path, name: str, value: object
) -> None:
    with pytest.raises(BadCodelist, match=f"drone .*mine.*{name}"):
        one(tmp_path, **{name: value})


@pytest.mark.parametrize("value", ["no", "false", "はい", 0, 1, None, [], 0.0])
@pytest.mark.parametrize("name", ["obstacle_sensing", "needs_review"])
def test_what_is_neither_true_nor_false_is_not_guessed(
    tmp_path: Path, name: str, value: object
) -> None:
    with pytest.raises(BadCodelist, match=name):
        one(tmp_path, **{name: value})


@pytest.mark.parametrize("word", ["no", "off", "false", "No", "FALSE"])
def test_the_words_of_yaml_for_false_are_false(tmp_path: Path, word: str) -> None:
    path = table(tmp_path, DRONE)
    text = path.read_text("utf-8").replace("obstacle_sensing: false", f"obstacle_sensing: {word}")
    path.write_text(text, encoding="utf-8")
    assert load_drones(path)[0].obstacle_sensing is False


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cameras": "sony_a7r"}, "cameras is 'sony_a7r'"),
        ({"cameras": None}, "cameras is None"),
        ({"label": None}, "label is None"),
        ({"label": 12}, "label is 12"),
        ({"vehicle": ["dji"]}, "vehicle"),
        ({"wayline_name": 77}, "wayline_name is 77"),
        ({"capacity_items": 649.5}, "capacity_items is 649.5"),
        ({"capacity_items": 9}, "capacity_items is too small"),
        ({"gimbal_pitch_deg": [-90, 30, 40]}, "mine"),
        ({"gimbal_pitch_deg": 90}, "mine"),
        ({"gimbal_pitch_deg": [-190, 30]}, "no range"),
        ({"gimbal_pitch_deg": [-90, float("nan")]}, "no range"),
        ({"wind_limit": 8}, r"unknown fields \['wind_limit'\]"),
        ({"obstacle_sensing ": True}, "unknown fields"),
        ({7: 8}, r"unknown fields \['7'\]"),
    ],
)
def test_a_wrong_type_or_a_misspelt_field_is_named(
    tmp_path: Path, changes: dict[Any, Any], reason: str
) -> None:
    with pytest.raises(BadCodelist, match=reason):
        load_drones(table(tmp_path, DRONE | changes))


@pytest.mark.parametrize("code", [None, "", 5, ["a"], {"a": 1}, True])
def test_a_code_is_a_word(tmp_path: Path, code: object) -> None:
    with pytest.raises(BadCodelist, match="code of its own"):
        load_drones(table(tmp_path, DRONE | {"code": code}))


def test_two_drones_of_one_code_are_refused_and_two_of_two_are_kept_in_order(
    tmp_path: Path,
) -> None:
    with pytest.raises(BadCodelist, match="code of its own"):
        load_drones(table(tmp_path, DRONE, DRONE))
    both = load_drones(table(tmp_path, DRONE, DRONE | {"code": "ausweich"}))
    assert [drone.code for drone in both] == ["mine", "ausweich"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "list 'drones'"),
        ("[]", "list 'drones'"),
        ("version: 1\ndrones: {}", "list 'drones'"),
        ("version: 1\ndrones: [1]", "list 'drones'"),
        ("drones: []", "version None"),
        ("version: '1'\ndrones: []", "version '1'"),
        ("version: 1\ndrones: [}", "cannot be read"),
        ("version: 1\ndrones: !!python/object:os.system []", "cannot be read"),
        ("version: 1\n\tdrones: []", "cannot be read"),
    ],
)
def test_a_file_of_another_form_is_told(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(BadCodelist, match=f"own.yaml.*{reason}"):
        read_rows("drones.yaml", "drones", path=path)


def test_bytes_that_are_no_utf_8_and_folders_are_told(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_bytes("version: 1\ndrones: [{code: 点検}]".encode("shift_jis"))
    for wrong in (path, tmp_path):
        with pytest.raises(BadCodelist, match="cannot be read"):
            read_rows("drones.yaml", "drones", path=wrong)


@pytest.mark.parametrize("before", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_editors_of_windows_may_write_it(tmp_path: Path, before: str, newline: str) -> None:
    path = table(tmp_path, DRONE)
    text = before + path.read_text("utf-8").replace("\n", newline)
    path.write_bytes(text.encode("utf-8"))
    assert load_drones(path)[0] == one(tmp_path)


@given(row=st.dictionaries(st.sampled_from(sorted(DRONE)), st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(),
    st.sampled_from(["", "no", "dji", "８"]), st.lists(st.integers(-200, 200), max_size=3),
)))  # fmt: skip
@settings(max_examples=50)
def test_any_row_is_a_drone_or_refused(row: dict[str, Any]) -> None:
    try:
        drone = Drone.from_row(DRONE | row)
    except TenkenError as error:
        assert "drone" in str(error)
    else:
        assert drone.slowest_m_s <= drone.cruise_m_s <= drone.limit_m_s
        assert -180 <= drone.gimbal_pitch_deg[0] < drone.gimbal_pitch_deg[1] <= 180
        assert 0 < drone.wind_limit_m_s < float("inf")


# --- what hangs on a row -------------------------------------------------------------------------


def test_the_stand_off_follows_the_sensing_of_your_own_drone(tmp_path: Path) -> None:
    """Sony 35 mm at 0.25 mm/px: 0.25·35/3.76 = 2.33 m; 2 m with sensing, 3 m without (§6.3)."""
    wish = ["--camera", "sony_a7r@35", "--gsd-mm-per-px", "0.25", "--drone", "mine"]
    seeing = table(tmp_path, DRONE | {"obstacle_sensing": True})
    ran = fly("capability", *wish, "--drones", seeing)
    assert (ran.code, "from 2.33 m" in ran.out) == (0, True)
    blind = table(tmp_path, DRONE)
    ran = fly("capability", *wish, "--drones", blind)
    assert ran.code == 3
    assert "closer than the 3 m that is safe" in ran.said


def test_only_what_your_own_table_carries_is_offered(tmp_path: Path) -> None:
    path = table(tmp_path, DRONE, DRONE | {"code": "p1", "cameras": ["dji_p1"]})
    assert [drone.code for drone in drones_for("dji_p1", path=path)] == ["p1"]
    assert drones_for("dji_m3e_wide", path=path) == ()
    with pytest.raises(NotFound, match=r"no drone 'ｍine'.*did you mean 'mine'"):
        find_drone("ｍine", path=path)


def test_a_plan_of_your_own_drone_is_checked_repeated_and_closed_with_your_table(
    tmp_path: Path,
) -> None:
    """The plan names the drone; without its table nobody else knows it."""
    drones = table(tmp_path, DRONE)
    site = write(tmp_path / "deck.geojson", polygon([(5, 5), (25, 5), (25, 15), (5, 15)], name="d"))
    out, photos = tmp_path / "deck.plan", tmp_path / "deck.photos.geojson"
    views = tmp_path / "views.json"
    views.write_text('{"surface": {"kind": "ground", "origin": [136.6, 36.6, 0]}, "views": []}')
    asked: list[tuple[object, ...]] = [
        ("plan", "area", site, "--camera", "sony_a7r@35", "--gsd-mm-per-px", 5, "--drone", "mine",
         "--out", out),
        ("check", out),
        ("repeat", photos, "--out", tmp_path / "again.plan"),
        ("gaps", photos, views, "--out", tmp_path / "second"),
    ]  # fmt: skip
    for words in asked:
        assert fly(*words, "--drones", drones).code == 0, words
        ran = fly(*words)
        assert (ran.code, "no drone 'mine' in the table" in ran.said) == (2, True), words


# --- cameras -------------------------------------------------------------------------------------

# domain §6.2, default camera table: sensor mm, pixels, pitch µm, focal mm
GOLDEN_CAMERAS = {
    "dji_p1": ((35.9, 24.0), (8192, 5460), 4.4, (24.0, 35.0, 50.0)),
    "dji_m3e_wide": ((17.3, 13.0), (5280, 3956), 3.3, (12.29,)),
    "dji_m3e_tele": ((6.4, 4.8), (4000, 3000), 1.6, (29.9,)),
    "dji_m4e_wide": ((17.3, 13.0), (5280, 3956), 3.3, (12.0,)),
    "sony_a7r": ((35.7, 23.8), (9504, 6336), 3.76, ()),
}


@pytest.mark.parametrize("code", GOLDEN_CAMERAS)
def test_golden_cameras_of_the_domain_specification(code: str) -> None:
    camera = {one.code: one for one in load_cameras()}[code]
    found = (camera.sensor_mm, camera.pixels, camera.pitch_um, camera.focal_mm)
    assert found == GOLDEN_CAMERAS[code]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"pitch_um": 3.0}, "are not 35.7 mm"),
        ({"pitch_um": float("inf")}, "expected a number"),
        ({"pitch_um": "3.76"}, "expected a number"),
        ({"pixels": [6336, 9504], "sensor_mm": [23.8, 35.7]}, "long side"),
        ({"focal_mm": 35}, "expected a list"),
        ({"focal_mm": [float("inf")]}, "expected a number"),
        ({"focal_mm": [0]}, "expected a number"),
        ({"exif_models": "O1"}, "expected a list"),
        ({"needs_review": "no"}, "true or false"),
        ({"sensor_mm": [35.7]}, "own"),
    ],
)
def test_cameras_that_cannot_be_are_named(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    path = table(tmp_path, CAMERA | changes, key="cameras")
    with pytest.raises(BadCodelist, match=reason):
        find_lens("own", path=path)


def test_your_own_camera_flies(tmp_path: Path) -> None:
    path = table(tmp_path, CAMERA, key="cameras")
    lens = find_lens("own", path=path)
    assert lens.camera.focal_px == pytest.approx(35 / 0.00376)
    assert [one.name for one in fixed_lenses(path)] == ["own@35"]
    found = capability(lens, gsd_m_per_px=0.0003, purpose=find_purpose("crack_rc"))
    assert found.standoff_m == pytest.approx(0.3 * 35 / 3.76)
    assert found.standoff_m >= safe_standoff_m(obstacle_sensing=True, wind_m_s=3.0)
    assert not any("nobody has checked" in note for note in found.notes)
    with pytest.raises(NotFound, match="there are own"):
        find_lens("dji_p1@50", path=path)


@pytest.mark.parametrize("name", ["own@", "own@@35", "own@35mm", "@35", "", "own@-35", "own@1e9"])
def test_names_of_lenses_out_of_form(tmp_path: Path, name: str) -> None:
    path = table(tmp_path, CAMERA | {"focal_mm": []}, key="cameras")
    with pytest.raises((BadInput, NotFound), match=r"mm|no camera"):
        find_lens(name, path=path)


@pytest.mark.parametrize(
    ("focal", "there"), [(1.0, True), (0.99, False), (1200.0, True), (1201.0, False)]
)
def test_a_lens_has_between_1_and_1200_mm(tmp_path: Path, focal: float, there: bool) -> None:
    path = table(tmp_path, CAMERA | {"focal_mm": []}, key="cameras")
    if there:
        assert find_lens(f"own@{focal:g}", path=path).focal_mm == focal
    else:
        with pytest.raises(BadInput, match="outside 1–1200 mm"):
            find_lens(f"own@{focal:g}", path=path)


@pytest.mark.parametrize(
    ("make", "model", "focal", "code"),
    [
        ("DJI", "M3E", 12.29, "dji_m3e_wide"),
        ("dji", "m3e", 29.9, "dji_m3e_tele"),
        ("DJI", "M3E", None, None),  # wide or tele: nobody knows
        ("DJI", "M3E", 20.0, None),
        ("DJI", "ZenmuseP1", 35.0, "dji_p1"),
        ("SONY", "ILCE-7RM5", 85.0, "sony_a7r"),
        ("Canon", "M3E", 12.29, None),
    ],
)
def test_a_camera_is_known_by_its_exif_or_not_at_all(
    make: str, model: str, focal: float | None, code: str | None
) -> None:
    found = find_camera(load_cameras(), make=make, model=model, focal_mm=focal)
    assert (found.code if found else None) == code


def test_a_camera_list_that_is_none_is_told() -> None:
    for text in ("", "cameras: 5", "cameras: [5]", "cameras: [", "- a"):
        with pytest.raises(BadCodelist, match="camera code-list"):
            read_cameras(text)
