"""The commands of a flight, one after the other: exit codes, shapes of JSON, both languages.

A script calls them and reads exit code and JSON; a crew reads the words. Both must be told the same
whatever the day, the language and the state of the folder.
"""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from flight.checks.rulefile import shipped_rules
from flight.cli import flight
from flight.flightplan import FlightPlan
from flight.planfile import read_plan, write_plan
from inspection.cli import tenken
from inspection.geo.camera import Camera
from tests.support.courses import square, write_geojson
from tests.support.flightcommand import Ran, fly
from tests.support.flightplans import nadir_photo, small_plan
from tests.support.placed_photos import write_photo
from tests.support.sites import DECK, line, polygon, write

PLACE = "36.594606,136.625669"
CALM = ["--wind-m-s", "2", "--at", "2026-11-26T10:00+09:00"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plan a deck once; tests copy what they change."""
    folder = tmp_path_factory.mktemp("deck")
    site = write(folder / "deck.geojson", polygon(DECK, name="床版 1"))
    ran = fly(
        "plan", "area", site, "--camera", "dji_m3e_wide", "--gsd-mm-per-px", "3",
        "--takeoff", PLACE, "--out", folder / "deck.plan",
    )  # fmt: skip
    assert ran.code == 0
    return folder


@pytest.fixture
def deck(made: Path, tmp_path: Path) -> Path:
    """Give the plan in a folder of its own."""
    for name in ("deck.plan", "deck.photos.geojson"):
        (tmp_path / name).write_bytes((made / name).read_bytes())
    return tmp_path / "deck.plan"


def report(ran: Ran) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran.out)
    return found


# --- check ---------------------------------------------------------------------------------------


def test_a_report_has_the_same_shape_in_both_languages(deck: Path) -> None:
    english, japanese = (
        report(fly("check", deck, *CALM, "--json", "--lang", lang)) for lang in ("en", "ja")
    )
    assert list(english) == list(japanese) == [
        "format", "plan", "plan_sha256", "checked_at", "verdict", "statement", "open_refusals",
        "flight", "takeoff_latlon_deg", "rules", "findings",
    ]  # fmt: skip
    assert english["verdict"] == japanese["verdict"] == "warn"
    for one, other in zip(english["findings"], japanese["findings"], strict=True):
        assert (one["check"], one["outcome"], one["facts"], one["items"]) == (
            other["check"], other["outcome"], other["facts"], other["items"],
        )  # fmt: skip
        assert one["text"] != other["text"]
        assert re.search("[ぁ-んァ-ヶ一-龠]", other["text"])
        assert not re.search("[ぁ-んァ-ヶ一-龠]", one["text"].replace("床版 1", ""))


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_line_of_the_terminal_has_a_sign_and_a_check(deck: Path, lang: str) -> None:
    ran = fly("check", deck, *CALM, "--lang", lang)
    assert ran.code == 0
    checks = re.findall(r"^[✓!✗○] .*\[([\w.]+)\]$", ran.out, re.MULTILINE)
    found = report(fly("check", deck, *CALM, "--json"))
    assert checks == [one["check"] for one in found["findings"]]
    assert len(set(checks)) == len(checks)


def test_checking_twice_says_and_keeps_the_same(deck: Path) -> None:
    first, second = (report(fly("check", deck, *CALM, "--json")) for _ in range(2))
    assert {**first, "checked_at": ""} == {**second, "checked_at": ""}
    kept = json.loads(deck.with_name("deck.plan.check.json").read_text("utf-8"))
    assert kept == second
    assert sorted(path.name for path in deck.parent.iterdir()) == [
        "deck.photos.geojson", "deck.plan", "deck.plan.check.json",
    ]  # fmt: skip


def test_a_refusal_is_printed_whole_before_it_ends_with_3(deck: Path) -> None:
    ran = fly("check", deck, *CALM[2:], "--wind-m-s", 13, "--json")
    assert ran.code == 3
    found = report(ran)
    assert found["verdict"] == "refuse"
    assert found["open_refusals"] == [
        one["check"] for one in found["findings"] if one["outcome"] == "refuse"
    ]
    assert all(name in ran.said for name in found["open_refusals"])


@pytest.mark.parametrize("suffix", [".html", ".htm", ".HTML", ".md", ".json"])
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_documents_say_verdict_digest_and_caution(deck: Path, suffix: str, lang: str) -> None:
    out = deck.with_name(f"check{suffix}")
    assert fly("check", deck, *CALM, "--lang", lang, "--out", out).code == 0
    text = out.read_text("utf-8")
    found = report(fly("check", deck, *CALM, "--json", "--lang", lang))
    assert found["statement"] in text
    assert found["plan_sha256"] in text
    if suffix != ".json":
        assert ("可否" in text) == (lang == "ja")
        assert "<script" not in text


@pytest.mark.parametrize("name", ["check.pdf", "check", "check.txt"])
def test_a_document_of_another_kind_is_told(deck: Path, name: str) -> None:
    ran = fly("check", deck, *CALM, "--out", deck.with_name(name))
    assert (ran.code, "none of .html, .md, .json" in ran.said) == (2, True)


@pytest.mark.parametrize("name", shipped_rules())
def test_every_shipped_rule_file_is_taken_by_name_and_by_path(deck: Path, name: str) -> None:
    by_name = report(fly("check", deck, *CALM, "--rules", name, "--json", "--no-record"))
    assert [one["id"] for one in by_name["rules"]] == [name]
    assert all(
        one["reviewed_on"] and one["source_url"].startswith("http") for one in by_name["rules"]
    )
    named = [one for one in by_name["findings"] if one["check"].startswith(f"{name}.")]
    assert named
    assert all(one["source"] for one in by_name["findings"])


def test_two_rule_files_are_both_asked(deck: Path) -> None:
    found = report(
        fly("check", deck, *CALM, "--rules", "jp_uas_rule", "--rules", "us_faa_part107", "--json")
    )
    assert [one["id"] for one in found["rules"]] == ["jp_uas_rule", "us_faa_part107"]


@pytest.mark.parametrize(
    "entry", ["did", "=x.geojson", "did=", "did=none.geojson", "did:x.geojson", ""]
)
def test_a_layer_is_a_name_and_a_file(deck: Path, entry: str) -> None:
    ran = fly("check", deck, "--layer", entry, "--no-record")
    assert (ran.code, "NAME=FILE" in ran.said) == (2, True)


def test_layers_of_one_name_are_put_together(deck: Path, tmp_path: Path) -> None:
    near, far = (
        write_geojson(tmp_path / f"{name}.geojson", [("Polygon", square(x, 0, 30), {"name": name})])
        for name, x in (("near", 0), ("far", 5000))
    )
    for order in ((near, far), (far, near)):
        layers = [word for path in order for word in ("--layer", f"did={path}")]
        ran = fly("check", deck, *CALM, *layers, "--json", "--no-record")
        (did,) = [one for one in report(ran)["findings"] if one["check"] == "jp_uas_rule.did"]
        assert (did["outcome"], did["facts"]["zones"]) == ("refuse", "near")


def test_a_mission_without_photos_beside_it_is_checked_all_the_same(deck: Path) -> None:
    with_photos = report(fly("check", deck, *CALM, "--json", "--no-record"))
    deck.with_name("deck.photos.geojson").rename(deck.with_name("elsewhere.geojson"))
    without = report(fly("check", deck, *CALM, "--json", "--no-record"))
    named = report(
        fly("check", deck, *CALM, "--json", "--no-record", "--photos",
            deck.with_name("elsewhere.geojson"))
    )  # fmt: skip
    checks = [[one["check"] for one in found["findings"]] for found in (with_photos, named)]
    assert checks[0] == checks[1]
    assert set(checks[0]) - {one["check"] for one in without["findings"]} == {"photos"}
    blur = {one["check"]: one["reason"] for one in without["findings"]}
    assert (blur["blur"], blur["battery"]) == ("blur.unknown", "battery.no_drone")


@pytest.mark.parametrize(
    ("sensing", "least_m"), [("--obstacle-sensing", 2.0), ("--no-obstacle-sensing", 3.0)]
)
@pytest.mark.parametrize(("wind", "more_m"), [(3, 0.0), (3.1, 1.0)])
def test_the_stand_off_follows_sensing_and_wind(
    *, deck: Path, tmp_path: Path, sensing: str, least_m: float, wind: float, more_m: float
) -> None:
    tower = write_geojson(
        tmp_path / "t.geojson", [("Polygon", square(5, -60, 2), {"name": "塔", "height_m": 40})]
    )
    ran = fly("check", deck, sensing, "--wind-m-s", wind, "--structures", tower, "--json")
    found = {one["check"]: one for one in report(ran)["findings"]}
    assert found["structure"]["facts"]["least_m"] == least_m + more_m


# --- capability ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--camera", "dji_p1@50"], 2, "either --gsd-mm-per-px or --crack-width-mm"),
        (["--camera", "dji_p1@50", "--gsd-mm-per-px", 1, "--crack-width-mm", 1], 2, "either"),
        (["--gsd-mm-per-px", 1], 2, "--camera"),
        (["--camera", "dji_p1@50", "--gsd-mm-per-px", "x"], 2, "--gsd-mm-per-px"),
        (["--camera", "dji_p1@50", "--crack-width-mm", 0.2, "--precision", "best"], 2, "screening"),
        (["--camera", "dji_p1@50", "--crack-width-mm", 0.05], 3, "closer than the 2 m"),
        (["--camera", "dji_p1@50", "--crack-width-mm", 0.2, "--drone", "x"], 2, "no drone 'x'"),
        (["--camera", "dji_p1@50", "--gsd-mm-per-px", 0.3, "--wind-m-s", 4], 0, ""),
        (["--camera", "dji_p1@50", "--gsd-mm-per-px", 1, "--cameras", "none.yaml"], 2, "none.yaml"),
    ],
)  # fmt: skip
def test_golden_exit_codes_of_capability(words: list[object], code: int, said: str) -> None:
    ran = fly("capability", *words)
    assert ran.code == code
    assert said in ran.said


def test_the_capability_has_its_keys_and_units() -> None:
    found = report(fly("capability", "--camera", "dji_p1@50", "--crack-width-mm", 0.2, "--json"))
    assert list(found) == [
        "camera", "purpose", "gsd_mm_per_px", "smallest_measurable_width_mm", "standoff_m",
        "footprint_m", "overlap_front", "overlap_side", "incidence_limit_deg", "views",
        "exposure_s", "trigger", "speed_limit_m_s", "turning_limit_deg_s", "depth_of_field_m",
        "notes",
    ]  # fmt: skip
    assert (found["purpose"], found["trigger"], found["standoff_m"]) == ("crack_rc", "stop", 2.273)


# --- gaps and repeat -----------------------------------------------------------------------------


def small() -> FlightPlan:
    """Give 3 × 3 photos of a small camera over a deck."""
    camera = Camera(width_px=400, height_px=300, focal_px=400, cx_px=200, cy_px=150)
    spots = [(3.5 + 6.5 * i, 3 + 7 * j) for i in range(3) for j in range(3)]
    photos = tuple(nadir_photo(n, x, y, row=n // 3) for n, (x, y) in enumerate(spots))
    return replace(
        small_plan(), photos=photos, camera=camera, gsd_m_per_px=0.025, name="床版",
        drone_name="ardupilot_survey",
    )  # fmt: skip


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a plan and its photos but for two."""
    folder = tmp_path_factory.mktemp("flown")
    plan = small()
    write_plan(plan, folder / "p.photos.geojson")
    for photo in plan.photos:
        if photo.index not in {4, 7}:
            write_photo(folder / "DCIM" / f"DJI_{photo.index}.JPG", plan, photo)
    return folder


@pytest.mark.parametrize("suffix", [".plan", ".waypoints", ".kml", ".geojson"])
def test_gaps_write_a_second_flight_of_any_format_that_can_be_checked(
    flown: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / "second"
    ran = fly("gaps", flown / "p.photos.geojson", flown / "DCIM", "--out", out, "--mission", suffix,
              "--json")  # fmt: skip
    assert ran.code == 0
    found = report(ran)
    assert found["photos_missing"] == [4, 7]
    assert found["files"] == ["gaps.json", "gaps.geojson", "gaps.svg", f"second{suffix}",
                              "second.photos.geojson"]  # fmt: skip
    assert sorted(path.name for path in out.iterdir()) == sorted(found["files"])
    assert json.loads((out / "gaps.json").read_text("utf-8")) == found
    second = read_plan(out / "second.photos.geojson")
    assert second.name == "床版 – second flight"
    assert found["second_flight"]["photos"] == len(second.photos) == 2
    if suffix != ".kml":
        assert fly("check", out / f"second{suffix}", *CALM, "--json").code in {0, 3}


def test_the_words_of_gaps_say_what_the_json_says(flown: Path, tmp_path: Path) -> None:
    ran = fly("gaps", flown / "p.photos.geojson", flown / "DCIM", "--out", tmp_path / "o")
    found = json.loads((tmp_path / "o" / "gaps.json").read_text("utf-8"))
    assert f"{found['good_percent']:.1f} % as planned" in ran.out
    assert "7 photos came, 9 were planned, 2 planned ones are missing" in ran.out
    assert "second flight: 2 photos at 25 mm/px, 2 planned ones again, 0 new" in ran.out
    assert ran.out.rstrip().endswith("second.plan")


def test_photos_one_by_one_are_the_folder_of_them(flown: Path, tmp_path: Path) -> None:
    photos = sorted((flown / "DCIM").iterdir())
    by_folder = report(fly("gaps", flown / "p.photos.geojson", flown / "DCIM", "--out",
                           tmp_path / "a", "--json"))  # fmt: skip
    by_file = report(fly("gaps", flown / "p.photos.geojson", *reversed(photos), "--out",
                         tmp_path / "b", "--json"))  # fmt: skip
    for name in ("good_percent", "elements", "photos_missing", "second_flight"):
        assert by_folder[name] == by_file[name]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--drone", "balloon"], "no drone 'balloon'"),
        (["--mission", ".exe"], "--mission"),
        (["--gsd-mm-per-px", "0"], "--gsd-mm-per-px"),
        (["--wind-m-s", "101"], "--wind-m-s"),
    ],
)
def test_gaps_that_cannot_be_asked_for(
    flown: Path, tmp_path: Path, words: list[str], said: str
) -> None:
    ran = fly("gaps", flown / "p.photos.geojson", flown / "DCIM", "--out", tmp_path / "o", *words)
    assert (ran.code, said in ran.said) == (2, True)
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("suffix", [".plan", ".waypoints", ".geojson", ".kml"])
def test_a_survey_is_repeated_in_any_format(flown: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"来年{suffix}"
    ran = fly("repeat", flown / "p.photos.geojson", "--out", out, "--name", "床版 2027", "--json")
    assert ran.code == 0
    found = report(ran)
    assert (found["name"], found["photos"], found["drone"]) == ("床版 2027", 9, "ardupilot_survey")
    assert found["files"] == [out.name, "来年.photos.geojson"]
    again = read_plan(tmp_path / "来年.photos.geojson")
    assert len(again.photos) == 9


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--out", "x.exe"], "ends in none of"),
        (["--out", "none/x.plan"], "there is no folder"),
        ([], "--out"),
        (["--out", "x.plan", "--distance-m", "0.4"], "--distance-m"),
        (["--out", "x.plan", "--drone", "balloon"], "no drone 'balloon'"),
    ],
)
def test_repeats_that_cannot_be_asked_for(
    flown: Path, words: list[str], said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = fly("repeat", flown / "p.photos.geojson", *words)
    assert (ran.code, said in ran.said) == (2, True)
    assert not list(tmp_path.iterdir())


# --- help ----------------------------------------------------------------------------------------

MINE = ["plan area", "plan corridor", "plan facade", "plan soffit", "plan orbit", "capability",
        "check", "gaps", "draw", "repeat"]  # fmt: skip


@pytest.mark.parametrize("name", MINE)
def test_the_examples_of_a_help_use_options_that_there_are(name: str) -> None:
    ran = CliRunner().invoke(tenken, ["flight", *name.split(), "--help"], terminal_width=200)
    assert ran.exit_code == 0
    command: Any = flight
    for word in name.split():
        command = command.commands[word]
    known = {text for one in command.params for text in (*one.opts, *one.secondary_opts)}
    examples = ran.output.split("Example")[1].split("\nOptions:")[0]
    used = set(re.findall(r"(?<!\S)--[a-z][a-z-]*", examples))
    assert f"tenken flight {name}" in examples
    assert used <= known, used - known
    assert all(one.help for one in command.params if isinstance(one, click.Option))


def test_a_wall_from_a_plan_to_its_picture(tmp_path: Path) -> None:
    site = write(
        tmp_path / "wall.geojson", line([(0, 20), (6, 20)], name="A1", bottom_m=3, top_m=6)
    )
    out = tmp_path / "wall.plan"
    wish = ["--camera", "dji_p1@50", "--crack-width-mm", 0.4, "--takeoff", PLACE]
    assert fly("plan", "facade", site, *wish, "--out", out).code == 0
    assert fly("check", out, *CALM).code == 0
    assert fly("draw", tmp_path / "wall.photos.geojson", "--out", tmp_path / "wall.png").code == 0
    assert fly("repeat", tmp_path / "wall.photos.geojson", "--out", tmp_path / "w2.plan").code == 0
    assert fly("check", tmp_path / "w2.plan", *CALM).code == 0
