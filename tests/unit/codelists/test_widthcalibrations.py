"""The file behind --width-calibration: what is written is read, anything else is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.synth.widths import CALIBRATION_PATH, rendered_calibration
from inspection.codelists.widthcalibrations import load_width_calibration, width_calibration_text
from inspection.domain.widthcalibration import CONCRETE, Tone, WidthCalibration
from inspection.errors import BadCodelist, NotFound


def written(path: Path, **changes: Any) -> Path:
    record = json.loads(width_calibration_text(CONCRETE, measured_by="a test"))
    path.write_text(json.dumps(record | changes), encoding="utf-8")
    return path


CALIBRATIONS = st.builds(
    WidthCalibration,
    name=st.just("カメラ 1"),
    tone=st.sampled_from(Tone),
    core=st.floats(0, 0.8),
    blur_px=st.floats(0.1, 3),
    blur_std_px=st.just(0.2),
    floor_px=st.floats(0, 2),
    share=st.floats(0, 0.5),
    core_std=st.floats(0, 0.3),
    offsets_px=st.tuples(
        st.tuples(st.just(1.0), st.floats(-0.4, 0.4)), st.tuples(st.just(3.0), st.just(0.1))
    ),
)


@given(known=CALIBRATIONS)
@settings(deadline=None)  # it writes files
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, known: WidthCalibration
) -> None:
    path = tmp_path_factory.mktemp("widths") / "a.json"
    path.write_text(
        width_calibration_text(known, measured_by="x", board={"n": 1}), encoding="utf-8"
    )
    assert load_width_calibration(path) == known


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": "other"}, "tenken-widths-1"),
        ({"speed": 3}, "unknown \\['speed'\\]"),
        ({"core": 0.95}, "0–0.9"),
        ({"tone": "sepia"}, "sepia"),
        ({"blur_px": "wide"}, "wide"),
        ({"offsets_px": [[3, 0], [1, 0]]}, "rise"),
        ({"offsets_px": [[1, 0], [2, 5]]}, "rise"),
        ({"offsets_px": 3}, "unusable"),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadCodelist, match=words):
        load_width_calibration(written(tmp_path / "a.json", **changes))


@pytest.mark.parametrize("content", [b"", b"[1]", b"\xff\xfe\x00", b"{" * 100_000, b"1"])
def test_what_is_no_calibration_at_all_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(BadCodelist):
        load_width_calibration(path)


def test_a_missing_or_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="cannot be read"):
        load_width_calibration(tmp_path / "none.json")
    huge = tmp_path / "huge.json"
    huge.write_text(" " * 1_000_001)
    with pytest.raises(BadCodelist, match="larger"):
        load_width_calibration(huge)


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    del record["tone"]
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(BadCodelist, match="tone"):
        load_width_calibration(path)


def test_the_renderer_has_a_calibration_in_linear_light() -> None:
    found = rendered_calibration()
    assert found.tone is Tone.SRGB
    assert "deck_widths" in json.loads(CALIBRATION_PATH.read_text(encoding="utf-8"))["measured_by"]
    assert found != replace(CONCRETE, tone=Tone.SRGB)
