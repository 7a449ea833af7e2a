"""Pictures cut out of a mosaic and maps for CAD: damage where it is, the year that of Japan."""

import io
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import ezdxf
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import Connection

from api.worklist_file import FileFormat, draw
from inspection.codelists.damage_classes import load_damage_labels
from inspection.domain.defect import Defect, ReviewState
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput
from inspection.export.dxf import write_dxf
from inspection.export.figure import Bar, Figure, bar_lengths
from inspection.export.report import Picture
from inspection.export.sheetstyle import Language
from inspection.pipeline.compile import compile_record, gather
from inspection.pipeline.damagemap import damage_map, map_of_list, sizes
from inspection.pipeline.figures import chip_figures, of_defect, of_record, overview_figure
from inspection.pipeline.worklist import draw_up
from inspection.store import assets
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, writing
from tests.support.damage import area, below, crack, defect, quantity
from tests.support.released import FISCAL_YEAR, settle
from tests.support.seed import Seeded, seed

TODAY = datetime.fromisoformat("2026-05-01T03:00:00+00:00")


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    return seed(tmp_path_factory.mktemp("home"))


@pytest.fixture
def store(seeded: Seeded) -> Iterator[Connection]:
    """Give an open transaction that is rolled back."""
    engine = create_engine(seeded.database_url)
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()


@pytest.fixture
def blobs(seeded: Seeded) -> FolderBlobs:
    return FolderBlobs(seeded.home / "blobs")


def pixels(figure: Figure) -> NDArray[np.float64]:
    with Image.open(io.BytesIO(figure.picture.content)) as opened:
        assert opened.size == (figure.picture.width_px, figure.picture.height_px)
        return np.asarray(opened.convert("L"), dtype=np.float64)


def points(path: str) -> NDArray[np.float64]:
    """Read the first ring of path data."""
    ring = path[1:].split("Z", maxsplit=1)[0]
    return np.array([pair.split() for pair in ring.split("L")], dtype=np.float64)


class TestChips:
    @pytest.mark.parametrize("max_px", [64, 300, 560])
    def test_the_outline_lies_on_the_dark_of_the_damage(
        self, store: Connection, blobs: FolderBlobs, seeded: Seeded, max_px: int
    ) -> None:
        spall = seeded.mapped.defects[-1]
        (figure,) = chip_figures(store, blobs, [of_defect(spall)], max_px=max_px).values()
        assert max(figure.picture.width_px, figure.picture.height_px) <= max_px
        ring = shapely.Polygon(points(figure.outlines[0].path) - np.array(figure.offset_px))
        seen = pixels(figure)
        rows, columns = np.indices(seen.shape)
        centres = shapely.points(columns.ravel() + 0.5, rows.ravel() + 0.5)
        shrunk, grown = ring.buffer(-2), ring.buffer(2)
        inside = shapely.contains(shrunk, centres).reshape(seen.shape)
        outside = ~shapely.contains(grown, centres).reshape(seen.shape)
        assert inside.any()
        assert seen[inside].mean() < 110
        assert seen[outside].mean() > 150

    def test_every_damage_has_its_own_picture_and_scale(
        self, store: Connection, blobs: FolderBlobs, seeded: Seeded
    ) -> None:
        defects = [*seeded.mapped.defects, *seeded.local.defects]
        found = chip_figures(store, blobs, [of_defect(d) for d in defects])
        assert set(found) == {str(d.defect_id) for d in defects}
        for one in defects:
            figure = found[str(one.defect_id)]
            ring = points(figure.outlines[0].path) - np.array(figure.offset_px)
            size = (figure.picture.width_px, figure.picture.height_px)
            assert np.all(ring >= -1) and np.all(ring <= np.array(size) + 1)
            assert figure.mm_per_px is not None
            across = np.ptp(ring, axis=0) * figure.mm_per_px / 1000
            true = np.ptp(shapely.get_coordinates(one.latest.outline_surface_m), axis=0)
            assert across == pytest.approx(true, abs=0.02)

    def test_where_the_pixels_are_gone_there_is_no_picture(
        self, store: Connection, seeded: Seeded, tmp_path: Path
    ) -> None:
        one = of_defect(seeded.mapped.defects[0])
        nothing = FolderBlobs(tmp_path / "none")
        assert chip_figures(store, nothing, [one]) == {}
        assert overview_figure(store, nothing, one.mosaic_sha256, [one]) is None
        stranger = replace(one, mosaic_sha256="f" * 64)
        full = FolderBlobs(seeded.home / "blobs")
        assert list(chip_figures(store, full, [stranger, one])) == [one.key]
        assert overview_figure(store, full, "f" * 64, [one]) is None


class TestOverviews:
    @pytest.mark.parametrize("max_px", [200, 1400])
    def test_labels_stand_at_their_damage_and_inside_the_picture(
        self, store: Connection, blobs: FolderBlobs, seeded: Seeded, max_px: int
    ) -> None:
        shown = [
            replace(of_defect(d), label=str(n)) for n, d in enumerate(seeded.mapped.defects, 1)
        ]
        sha256 = seeded.mapped.mosaic.sha256
        figure = overview_figure(store, blobs, sha256, shown, max_px=max_px)
        assert figure is not None
        width, height = figure.picture.width_px, figure.picture.height_px
        assert width == min(max_px, 1500)
        assert width / height == pytest.approx(1500 / 900, rel=0.01)
        for outline, one in zip(figure.outlines, shown, strict=True):
            x, y = outline.at_px
            assert 8 <= x <= width - 8 and 8 <= y <= height - 8
            ring = shapely.Polygon(points(outline.path))
            assert ring.distance(shapely.Point(x, y)) < 12
            assert outline.label == one.label
        assert figure.mm_per_px == pytest.approx(2.0 * 1500 / width)

    def test_a_label_outside_is_moved_to_the_edge(
        self, store: Connection, blobs: FolderBlobs, seeded: Seeded
    ) -> None:
        far = replace(of_defect(seeded.mapped.defects[0]), anchor_m=(0.0, 0.0), label="9")
        figure = overview_figure(store, blobs, far.mosaic_sha256, [far])
        assert figure is not None
        x, y = figure.outlines[0].at_px
        assert (x, y) == (figure.picture.width_px - 8, figure.picture.height_px - 8)

    def test_a_frozen_record_shows_the_same_places(self, store: Connection, seeded: Seeded) -> None:
        settle(store, seeded.mapped)
        record = compile_record(store, gather(store, seeded.mapped.asset_id, FISCAL_YEAR), {})
        live = {str(d.defect_id): of_defect(d) for d in seeded.mapped.defects}
        assert len(record.defects) == 3
        for one in record.defects:
            frozen, now = of_record(one), live[one.defect_id]
            assert frozen.outline_m.hausdorff_distance(now.outline_m) < 1e-4
            assert (frozen.box_px, frozen.colour) == (now.box_px, now.colour)
            assert frozen.anchor_m == pytest.approx(now.anchor_m)
            assert (frozen.label, now.label) == (str(one.number), "")


class TestMaps:
    @pytest.mark.parametrize("language", ["ja", "en"])
    def test_every_damage_is_a_line_on_the_surface(
        self, store: Connection, seeded: Seeded, tmp_path: Path, language: Language
    ) -> None:
        listed, appraised = draw_up(store, survey_id=seeded.mapped.survey_id, today=TODAY.date())
        defects = [d for entry in appraised for d in entry.defects]
        drawn = map_of_list(store, defects, listed, language=language, made="2026-05-01")
        write_dxf(drawn, tmp_path / "m.dxf")
        document = ezdxf.readfile(tmp_path / "m.dxf")
        space = document.modelspace()
        surface = shapely.Polygon(seeded.mapped.mosaic.grid.corners_surface_m)
        found: dict[str, Any] = {}
        for line in space.query("LWPOLYLINE[layer ? 'DMG_.*']"):
            ((_, key),) = line.get_xdata("TENKEN")
            found[key] = shapely.LineString([p[:2] for p in line])
            assert surface.buffer(0.01).contains(found[key])
        assert set(found) == {str(d.defect_id) for d in seeded.mapped.defects}
        texts = [t.dxf.text for t in space.query("TEXT")]
        labels = load_damage_labels()
        for row in listed.rows:
            name = row.class_ja if language == "ja" else labels[row.damage_class].en
            assert any(text.startswith(f"{row.rank} {name}") for text in texts)
        word = "未確認" if language == "ja" else "unconfirmed"
        layers = {line.dxf.layer for line in space.query("LWPOLYLINE[layer ? 'DMG_.*']")}
        assert all(layer.endswith(word) for layer in layers)

    def test_damage_of_two_faces_needs_a_choice(self, store: Connection, seeded: Seeded) -> None:
        mapped, _ = draw_up(store, survey_id=seeded.mapped.survey_id, today=TODAY.date())
        local, _ = draw_up(store, survey_id=seeded.local.survey_id, today=TODAY.date())
        rows = [replace(r, rank=n) for n, r in enumerate([*mapped.rows, *local.rows], 1)]
        both = replace(mapped, rows=tuple(rows), priorities=(*mapped.priorities, *local.priorities))
        everything = [*seeded.mapped.defects, *seeded.local.defects]
        with pytest.raises(BadInput, match="lie on 2 mosaics; ask for one survey with --survey"):
            map_of_list(store, everything, both)
        with pytest.raises(BadInput, match="there is none on this list"):
            map_of_list(store, [], mapped)

    def test_a_persons_class_and_verdict_choose_name_and_layer(self, seeded: Seeded) -> None:
        one = replace(
            seeded.mapped.defects[-1],
            damage_class_reviewed=DamageClass.RUST_STAIN,
            state=ReviewState.CONFIRMED,
        )
        labels: dict[uuid.UUID, str] = {one.defect_id: "x"}
        drawn = damage_map([one], seeded.mapped.mosaic, labels, title=[], language="ja")
        (item,) = drawn.items
        known = load_damage_labels()[DamageClass.RUST_STAIN]
        assert (item.kind, item.colour, item.confirmed) == (known.ja, known.colour, True)

    @pytest.mark.parametrize(
        ("seen", "words"),
        [
            (crack([(0, 0), (1, 0)], width=quantity(0.4, 0.1)), ["w=0.40mm", "L=1.00m"]),
            (crack([(0, 0), (2, 0)], width=below(0.2)), ["w< 0.20mm", "L=2.00m"]),
            (area(shapely.box(0, 0, 0.5, 0.5)), ["A=0.250m²"]),
        ],
    )
    def test_sizes_beside_a_line(self, seen: Any, words: list[str]) -> None:
        one: Defect = defect(seen)
        assert sizes(one) == words


class TestYears:
    def test_a_work_list_of_1_april_is_scored_for_the_new_year_from_midnight_in_japan(
        self, seeded: Seeded, blobs: FolderBlobs
    ) -> None:
        """§5.2: III waits longer by a year, so its timing rises by 20 of 100, times 0.1."""
        engine = create_engine(seeded.database_url)
        asset_id = seeded.local.asset_id
        with writing(engine) as connection:
            before = assets.by_id(connection, asset_id)
            known: dict[str, Any] = {"soundness": "III", "diagnosis_fiscal_year": 2023}
            assets.save(connection, replace(before, attributes=known))
        scores = []
        with engine.connect() as connection:
            for moment in ("2026-03-31T14:59:00+00:00", "2026-03-31T15:00:00+00:00"):
                drawn = draw(
                    connection, blobs, survey_id=None, asset_id=asset_id,
                    now=datetime.fromisoformat(moment), file_format=FileFormat.CSV,
                )  # fmt: skip
                scores.append(drawn.work_list.rows[0].asset_score)
        with writing(engine) as connection:
            assets.save(connection, before)
        engine.dispose()
        assert scores[1] - scores[0] == pytest.approx(2.0)


class TestBars:
    @pytest.mark.parametrize(
        ("width_px", "mm_per_px", "bar_mm", "text"),
        [
            (400, 1.0, 100.0, "100 mm"), (400, 0.99, 50.0, "50 mm"), (800, 5.0, 1000.0, "1 m"),
            (1000, 2.0, 500.0, "500 mm"), (1400, 100.0, 20_000.0, "20 m"), (560, 0.02, 2.0, "2 mm"),
        ],
    )  # fmt: skip
    def test_a_scale_bar_is_round_and_as_long_as_it_says(
        self, width_px: int, mm_per_px: float, bar_mm: float, text: str
    ) -> None:
        shown = Picture(content=b"", media_type="image/jpeg", width_px=width_px, height_px=9)
        figure = Figure(picture=shown, outlines=[], mm_per_px=mm_per_px)
        assert (figure.bar_mm, figure.bar_text) == (bar_mm, text)
        assert figure.bar_px * mm_per_px == pytest.approx(bar_mm)
        assert 0.1 * width_px <= figure.bar_px <= 0.25 * width_px + 1e-9
        unknown = replace(figure, mm_per_px=None)
        assert (unknown.bar_px, unknown.bar_mm) == (0.0, 0.0)

    @pytest.mark.parametrize(
        ("counts", "lengths"),
        [((), []), ((0, 0), [0, 0]), ((4, 1, 2), [100, 25, 50]), ((3,), [100])],
    )
    def test_bars_are_shares_of_the_longest(
        self, counts: tuple[int, ...], lengths: list[float]
    ) -> None:
        bars = [Bar(label=str(n), count=n, colour="#000000") for n in counts]
        assert bar_lengths(bars) == lengths
