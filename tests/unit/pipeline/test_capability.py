"""The capability map of a rendered facade against what was built into it."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely

from inspection.errors import BadGeometry, BadInput
from inspection.imaging.capability import Inspected
from inspection.imaging.cog import validate
from inspection.imaging.ortho import View
from inspection.imaging.surface import FlatSurface
from inspection.pipeline.capability import (
    Element,
    Proof,
    answer,
    gaps_collection,
    prove,
    read_elements,
    summary,
    write_proof,
)
from inspection.pipeline.ports import Silence
from tests.support.facade_scene import SHOTS, render, true_codes

WALL = Element(name="wall", outline_m=shapely.box(0, 0, 4, 3))
WIDTH_MM = 1.0


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> list[View]:
    return render(tmp_path_factory.mktemp("facade"))


@pytest.fixture(scope="module")
def proof(views: list[View]) -> Proof:
    return prove(
        views,
        FlatSurface(),
        "LOCAL",
        width_mm=WIDTH_MM,
        progress=Silence(),
        elements=[WALL],
        cell_m=0.02,
    )


def truth(
    proof: Proof, width_mm: float = WIDTH_MM
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    grid = proof.capability.grid
    x, y = np.meshgrid(np.arange(grid.width_px) + 0.5, np.arange(grid.height_px) + 0.5)
    at = grid.to_surface(np.column_stack([x.ravel(), y.ravel()]))
    codes = true_codes(np.column_stack([at, np.zeros(len(at))]), width_mm)
    return codes.reshape(grid.height_px, grid.width_px)


def test_golden_the_map_is_right_for_98_percent_of_the_surface(proof: Proof) -> None:
    right = float(np.mean(proof.inspected == truth(proof)))
    print(f"capability map right for {right:.2%} of the surface")
    assert right >= 0.98
    assert {int(code) for code in np.unique(proof.inspected)} == {1, 2, 3}


@pytest.mark.parametrize("width_mm", [0.5, 0.69, 0.77, 1.35, 1.5, 2.06, 2.28])
def test_the_map_is_right_at_other_widths(proof: Proof, width_mm: float) -> None:
    """Sharp photos can do 0.73 mm, the far one 1.42 mm, the blurred one 2.17 mm: ± 5 % of each."""
    found = answer(proof.capability, width_mm=width_mm, elements=[WALL]).inspected
    assert float(np.mean(found == truth(proof, width_mm))) >= 0.98


def test_no_cell_is_called_inspected_that_was_not_seen(proof: Proof) -> None:
    expected = truth(proof)
    assert not np.any((proof.inspected == Inspected.YES) & (expected == Inspected.NOT_SEEN))
    falsely = np.mean((proof.inspected == Inspected.YES) & (expected == Inspected.NO))
    assert falsely <= 0.01


def test_the_best_photo_and_its_reasons_are_kept(proof: Proof) -> None:
    capability = proof.capability
    row, column = (int(v) for v in capability.grid.to_px([[0.7, 0.5]])[0][::-1])
    assert capability.photo[row, column] == 1
    assert capability.gsd_mm_per_px[row, column] == pytest.approx(2.0, rel=0.02)
    assert capability.blur_px[row, column] == pytest.approx(0.89, abs=0.05)
    row, column = (int(v) for v in capability.grid.to_px([[2.2, 0.5]])[0][::-1])
    assert capability.blur_px[row, column] == pytest.approx(2.63, abs=0.15)
    row, column = (int(v) for v in capability.grid.to_px([[3.3, 0.6]])[0][::-1])
    oblique = SHOTS[3]
    expected = float(oblique.incidence_deg(np.array([[3.3, 0.6, 0.0]]))[0])
    assert capability.incidence_deg[row, column] == pytest.approx(expected, abs=0.7)
    assert np.isinf(capability.width_min_mm[row, column])


def test_shares_of_an_element_add_up(proof: Proof) -> None:
    (share,) = proof.shares
    assert share.yes_percent + share.no_percent + share.not_seen_percent == pytest.approx(100)
    assert share.yes_percent == pytest.approx(100 * float(np.mean(truth(proof) == 1)), abs=1.5)


def test_gaps_and_the_inspected_area_tile_the_element(proof: Proof) -> None:
    gaps = shapely.union_all([shape for _, _, shape in proof.gaps])
    (share,) = proof.shares
    assert gaps.area == pytest.approx(12 * (1 - share.yes_percent / 100), rel=0.02)
    assert {name for name, _, _ in proof.gaps} == {"wall"}


def test_files_say_the_same(proof: Proof, tmp_path: Path) -> None:
    write_proof(proof, tmp_path)
    assert validate(tmp_path / "inspected.tif") == validate(tmp_path / "capability.tif") == ()
    with rasterio.open(tmp_path / "inspected.tif") as dataset:
        assert np.array_equal(dataset.read(1), proof.inspected)
    with rasterio.open(tmp_path / "capability.tif") as dataset:
        assert dataset.count == 5
        assert np.array_equal(dataset.read(1) == 0, proof.capability.views == 0)
    assert json.loads((tmp_path / "capability.json").read_text()) == summary(proof)
    gaps = json.loads((tmp_path / "gaps.geojson").read_text())
    assert gaps == json.loads(json.dumps(gaps_collection(proof)))
    assert gaps["tenken:crs"] == "LOCAL"
    assert {f["properties"]["reason"] for f in gaps["features"]} == {"no", "not_seen"}
    assert gaps["features"][0]["properties"]["gsd_needed_mm_per_px"] == pytest.approx(3.0303)


def test_a_wider_crack_is_seen_in_more_places(proof: Proof) -> None:
    yes = [
        answer(proof.capability, width_mm=w, elements=[WALL]).shares[0].yes_percent
        for w in (0.3, 0.9, 1.0, 1.5, 3.0)
    ]
    assert yes == sorted(yes) and yes[0] == 0 and yes[-1] > yes[1] > 0


def test_without_elements_the_hull_of_what_is_seen_is_asked_about(proof: Proof) -> None:
    whole = answer(proof.capability, width_mm=WIDTH_MM)
    assert whole.shares[0].element == "all"
    assert 5 < whole.shares[0].area_m2 <= 12.01


def test_elements_are_read_from_geojson(tmp_path: Path) -> None:
    feature = {
        "type": "Feature",
        "properties": {"element_id": "Ds0101"},
        "geometry": shapely.geometry.mapping(shapely.box(0, 0, 1, 1)),
    }
    path = tmp_path / "panels.geojson"
    path.write_text(json.dumps({"tenken:crs": "LOCAL", "features": [feature]}))
    (element,) = read_elements(path, "LOCAL")
    assert (element.name, element.outline_m.area) == ("Ds0101", 1)
    with pytest.raises(BadInput, match="local metres but the map is in EPSG:6675"):
        read_elements(path, "EPSG:6675")
    path.write_text("{}")
    with pytest.raises(BadInput, match="no GeoJSON"):
        read_elements(path, "LOCAL")
    path.write_text(json.dumps({"tenken:crs": "LOCAL", "features": []}))
    with pytest.raises(BadInput, match="no polygon"):
        read_elements(path, "LOCAL")


def test_nonsense_is_refused(proof: Proof, views: list[View]) -> None:
    away = Element(name="pier", outline_m=shapely.box(50, 50, 51, 51))
    with pytest.raises(BadGeometry, match="pier"):
        answer(proof.capability, width_mm=1, elements=[away])
    with pytest.raises(BadInput, match="above 0 mm"):
        answer(proof.capability, width_mm=0, elements=[WALL])
    for cell_m, match in ((0.0, "larger than 0 m"), (0.0001, "larger cells")):
        with pytest.raises(BadInput, match=match):
            prove(
                views,
                FlatSurface(),
                "LOCAL",
                width_mm=1,
                progress=Silence(),
                elements=[WALL],
                cell_m=cell_m,
            )
    with pytest.raises(BadInput, match="50"):
        prove(
            views,
            FlatSurface(),
            "LOCAL",
            width_mm=1,
            progress=Silence(),
            elements=[WALL],
            max_incidence_deg=50,
        )
