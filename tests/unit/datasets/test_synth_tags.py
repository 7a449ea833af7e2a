"""What a rendered photo says about itself, and the command that renders."""

import json
from dataclasses import replace
from pathlib import Path

import click.testing
import pytest

from datasets.cli import datasets
from datasets.synth.capture import CONSUMER_GPS, Flight, Shot, fly
from datasets.synth.deck import Deck
from datasets.synth.tags import Stamp, exif_of, xmp_packet
from datasets.truth import Truth
from inspection.errors import BadInput

GSD_MM = 2.0
DECK = Deck(length_m=4.5, width_m=3.2, approach_m=0.4, kerb_m=0.3)
"""Large enough for two cracks, small enough to render in a second."""
FLIGHT = Flight(width_px=900, height_px=675, overshoot_m=0.0, margin_m=0.0)


class TestTags:
    def shot(self) -> Shot:
        return fly(DECK, FLIGHT, seed=1)[0]

    def test_a_southern_western_place_gets_its_letters(self) -> None:
        from inspection.imaging.exif import degrees_from_dms

        shot = replace(self.shot(), lonlat_h=(-42.5, -22.9123456, -3.25))
        stamp = Stamp(taken_at=_noon(), number=1)
        gps = exif_of(shot, FLIGHT, stamp).get_ifd(0x8825)
        assert (gps[1], gps[3], gps[5]) == ("S", "W", b"\x01")
        assert degrees_from_dms(gps[2], gps[1]) == pytest.approx(-22.9123456, abs=1e-9)
        assert degrees_from_dms(gps[4], gps[3]) == pytest.approx(-42.5, abs=1e-9)
        assert float(gps[6]) == 3.25

    def test_an_ordinary_receiver_states_no_accuracy(self) -> None:
        consumer = replace(CONSUMER_GPS, width_px=900, height_px=675)
        assert "RtkStd" not in xmp_packet(self.shot(), consumer)
        assert 'drone-dji:GpsStatus="Normal"' in xmp_packet(self.shot(), consumer)
        assert 'drone-dji:RtkFlag="50"' in xmp_packet(self.shot(), FLIGHT)

    def test_times_carry_their_zone(self) -> None:
        exif = exif_of(self.shot(), FLIGHT, Stamp(taken_at=_noon(), number=1))
        details = exif.get_ifd(0x8769)
        assert details[0x9003] == "2026:05:14 12:00:00"
        assert details[0x9011] == "+09:00"


def _noon():  # noqa: ANN202
    from datetime import datetime, timedelta, timezone

    return datetime(2026, 5, 14, 12, tzinfo=timezone(timedelta(hours=9)))


class TestCommand:
    def test_it_renders_and_says_what(self, tmp_path: Path) -> None:
        run = click.testing.CliRunner().invoke(
            datasets,
            ["synth", "--out", str(tmp_path / "d"), "--length-m", "5", "--width-m", "4",
             "--gsd-mm-per-px", "5", "--seed", "2", "--gps", "consumer", "--json"],
        )  # fmt: skip
        assert run.exit_code == 0, run.output
        summary = json.loads(run.output)
        assert summary["photos"] == len(list((tmp_path / "d" / "photos").iterdir()))
        assert summary["cracks"] >= summary["cracks_3_px_and_wider"] >= 1
        truth = Truth.read(tmp_path / "d" / "truth.json")
        assert truth.capture["flight"]["rtk"] is False

    def test_it_does_not_mix_with_other_files(self, tmp_path: Path) -> None:
        (tmp_path / "holiday.jpg").write_bytes(b"x")
        run = click.testing.CliRunner().invoke(datasets, ["synth", "--out", str(tmp_path)])
        assert isinstance(run.exception, BadInput)
        assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]
