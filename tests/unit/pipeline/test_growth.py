"""Growth between two rendered surveys: +0.5 px is found, ±0 is no change."""

from dataclasses import replace
from pathlib import Path

import pytest
import shapely

from inspection.domain.growth import Change, Growth, SeenCrack
from inspection.domain.measurement import Quantity
from inspection.errors import BadInput
from inspection.geo.grid import PixelGrid
from inspection.imaging.cog import new_cog
from inspection.pipeline.growth import Side, compare, growth_to_plain
from inspection.pipeline.ports import Silence
from tests.support import crack_pair
from tests.support.crack_pair import Drawn

WIDE = Drawn(start_px=(80, 120), end_px=(1100, 190), width_px=4.0)
THIN = Drawn(start_px=(100, 400), end_px=(1080, 330), width_px=1.6)
STEEP = Drawn(start_px=(600, 460), end_px=(640, 670), width_px=3.2)


def seen(key: str, drawn: Drawn) -> SeenCrack:
    """Give what a survey would say: width by the distance transform, ± 1 px."""
    axis = shapely.linestrings(drawn.line_m)
    return SeenCrack(
        key=key,
        axis_m=axis,
        length_m=Quantity(value=axis.length, expanded_uncertainty=0.02),
        width_mm=Quantity(value=max(drawn.width_px, 1.0), expanded_uncertainty=1.0),
    )


def side(path: Path, drawn: dict[str, Drawn]) -> Side:
    return Side(mosaic=path, cracks=tuple(seen(key, d) for key, d in drawn.items()))


def surveyed(
    folder: Path,
    before: dict[str, Drawn],
    after: dict[str, Drawn],
    blank_from_px: int | None = None,
) -> list[Growth]:
    """Render both surveys; the second has other noise, light, blur and 2 px of misregistration."""
    crack_pair.write(folder / "a.tif", list(before.values()), seed=1, blank_from_px=blank_from_px)
    crack_pair.write(
        folder / "b.tif",
        list(after.values()),
        seed=2,
        blur_px=1.1,
        light=1.15,
        shift_px=(1.7, -1.2),
    )
    return compare(side(folder / "a.tif", before), side(folder / "b.tif", after), Silence())


def test_golden_half_a_pixel_is_found_and_nothing_is_no_change(tmp_path: Path) -> None:
    before = {"wide": WIDE, "thin": THIN, "steep": STEEP}
    grown = {"wide": replace(WIDE, width_px=4.5), "thin": THIN, "steep": STEEP}
    found = {g.before[0]: g for g in surveyed(tmp_path, before, grown)}
    wide, thin, steep = (found[name].width_mm for name in ("wide", "thin", "steep"))
    assert wide is not None and thin is not None and steep is not None
    for name, d in (("wide", wide), ("thin", thin), ("steep", steep)):
        print(f"{name}: {d.value:+.3f} ± {d.expanded_uncertainty:.3f} mm (1 px = 1 mm)")
    assert found["wide"].change is Change.GROWN
    assert wide.value == pytest.approx(0.5, abs=0.15)
    assert 0.5 - wide.expanded_uncertainty <= wide.value <= 0.5 + wide.expanded_uncertainty
    assert wide.expanded_uncertainty < 0.35
    for name, difference in (("thin", thin), ("steep", steep)):
        assert found[name].change is Change.NO_SIGNIFICANT_CHANGE, name
        assert abs(difference.value) <= difference.expanded_uncertainty
        assert difference.expanded_uncertainty < 0.5


def test_half_a_pixel_of_a_thin_crack_is_found(tmp_path: Path) -> None:
    (found,) = surveyed(tmp_path, {"thin": THIN}, {"thin": replace(THIN, width_px=2.1)})
    assert found.change is Change.GROWN and found.width_mm is not None
    # taken as black inside, so at most 12 % of the change is missed
    assert found.width_mm.value == pytest.approx(0.44, abs=0.12)
    assert "taken as black" in found.note


def test_a_closing_crack_is_smaller(tmp_path: Path) -> None:
    (found,) = surveyed(tmp_path, {"w": WIDE}, {"w": replace(WIDE, width_px=3.4)})
    assert found.change is Change.SMALLER
    assert found.width_mm is not None and found.width_mm.value == pytest.approx(-0.6, abs=0.15)


def test_a_longer_crack_has_grown(tmp_path: Path) -> None:
    longer = replace(WIDE, start_px=(80, 120), end_px=(1100, 190))
    shorter = replace(WIDE, end_px=(590, 155))
    (found,) = surveyed(tmp_path, {"w": shorter}, {"w": longer})
    assert found.change is Change.GROWN and found.length_m is not None
    assert found.length_m.value == pytest.approx(0.511, abs=0.002)
    assert found.width_mm is not None and not found.width_mm.significant


def test_new_vanished_and_never_seen(tmp_path: Path) -> None:
    far = Drawn(start_px=(950, 480), end_px=(1100, 650), width_px=3)
    found = surveyed(tmp_path, {"gone": WIDE}, {"came": STEEP, "unseen": far}, blank_from_px=900)
    changes = {(g.before or g.after)[0]: g.change for g in found}
    assert changes == {
        "gone": Change.VANISHED,
        "came": Change.NEW,
        "unseen": Change.NOT_COMPARABLE,
    }
    plain = growth_to_plain(found)
    assert plain["counts"]["new"] == 1 and plain["counts"]["grown"] == 0
    assert [c["width_change_mm"] for c in plain["cracks"]] == [None] * 3


def test_another_face_falls_back_on_the_stated_widths(tmp_path: Path) -> None:
    crack_pair.write(tmp_path / "a.tif", [THIN], seed=1)
    white = PixelGrid.north_up(left_m=0, top_m=0, gsd_m_per_px=0.001, width_px=1200, height_px=700)
    with new_cog(tmp_path / "b.tif", white, bands=4, dtype="uint8"):
        pass
    (found,) = compare(
        side(tmp_path / "a.tif", {"t": THIN}), side(tmp_path / "b.tif", {"t": THIN}), Silence()
    )
    assert found.change is Change.NO_SIGNIFICANT_CHANGE
    assert found.width_mm is not None
    assert found.width_mm.expanded_uncertainty == pytest.approx(2**0.5)
    assert "could not be compared" in found.note


def test_two_frames_cannot_be_compared(tmp_path: Path) -> None:
    crack_pair.write(tmp_path / "a.tif", [THIN], seed=1)
    map_grid = PixelGrid.north_up(
        left_m=0, top_m=0, gsd_m_per_px=0.001, width_px=50, height_px=50, crs="EPSG:6675"
    )
    with new_cog(tmp_path / "b.tif", map_grid, bands=4, dtype="uint8"):
        pass
    with pytest.raises(BadInput, match="EPSG:6675"):
        compare(side(tmp_path / "a.tif", {}), side(tmp_path / "b.tif", {}), Silence())
