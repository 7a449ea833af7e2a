"""Mission files in the wild: each is examined, or refused with a reason; none is passed over."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from flight.checks.finding import Outcome
from flight.checks.prepare import Conditions, Surroundings, examine_mission
from flight.checks.report import Report, to_plain
from flight.checks.rulefile import load_rules
from flight.checks.words import Language
from flight.formats import read_mission
from flight.mission import AltitudeFrame
from inspection.errors import BadInput

NOW = datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC)
CONDITIONS = Conditions(wind_m_s=2.0)


@pytest.mark.data
def test_every_real_mission_is_examined_or_refused_in_words(data_dir: Path) -> None:
    rules = [load_rules("jp_uas_rule"), load_rules("us_faa_part107")]
    files = sorted(path for path in (data_dir / "missions").rglob("*") if path.is_file())
    assert len(files) >= 43
    examined, refused = 0, 0
    for path in files:
        try:
            mission = read_mission(path, foreign_frame=AltitudeFrame.HOME, geoid_height_m=40.0)
            found = examine_mission(
                mission, rules=rules, surroundings=Surroundings(), conditions=CONDITIONS
            )
        except BadInput as error:
            assert len(str(error)) > 20, path.name
            refused += 1
            continue
        report = Report(plan_name=path.name, plan_sha256="", checked_at=NOW, examination=found)
        for language in Language:
            assert all(row["text"] for row in to_plain(report, language)["findings"])
        frames = {one.check: one for one in found.findings}["altitude_frame"]
        assert (frames.outcome is Outcome.REFUSE) == (len(found.course.altitude_frames) > 1)
        assert found.course.seconds > 0 and found.course.legs
        examined += 1
    assert examined >= 36 and refused <= 7


@pytest.mark.data
def test_the_mission_that_avoids_a_fence_is_seen_to_cross_it(data_dir: Path) -> None:
    """The file was made to make the vehicle fly around an exclusion that its legs cross."""
    path = data_dir / "missions" / "plan" / "px4_multicopter_mission_geofence_avoid.plan"
    found = examine_mission(
        read_mission(path), rules=[], surroundings=Surroundings(), conditions=CONDITIONS
    )
    fence = {one.check: one for one in found.findings}["fence"]
    assert fence.outcome is Outcome.REFUSE and fence.items
