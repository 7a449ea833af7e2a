"""An edit that is sent twice is one edit; the same identifier with another class is another."""

import uuid
from pathlib import Path
from typing import Any

import pytest
import shapely

from inspection.domain.defect import Defect
from inspection.domain.taxonomy import DamageClass
from inspection.errors import Conflict
from inspection.pipeline.conduct import conduct
from inspection.pipeline.edit import Desk, Done, Order, draw, merge
from inspection.store import defects, orthomosaics
from inspection.store.engine import reading
from tests.support.conducted import Site, keep_views
from tests.support.seed import SeededSurvey


@pytest.fixture
def desk(site: Site, photographed: tuple[Path, SeededSurvey]) -> Desk:
    """Conduct the survey once, and give what an engineer edits with."""
    keep_views(site, photographed[1])
    conduct(site.survey_id, site.tools)
    return Desk(engine=site.tools.engine, blobs=site.blobs, clock=site.tools.clock)


def standing(desk: Desk) -> tuple[Defect, ...]:
    with reading(desk.engine) as connection:
        return defects.standing(connection, "bridge-12")


def test_the_same_drawing_with_another_class_is_another_edit(desk: Desk, site: Site) -> None:
    with reading(desk.engine) as connection:
        mosaic = orthomosaics.of_survey(connection, site.survey_id)
    corners = mosaic.grid.to_surface([(300, 400), (600, 400), (600, 420), (300, 420)])
    same = Order(edit_id=uuid.uuid4(), editor="佐藤")

    def send(damage_class: DamageClass) -> Done:
        return draw(
            desk,
            same,
            survey_id=site.survey_id,
            mosaic_sha256=mosaic.sha256,
            drawn=shapely.Polygon(corners),
            damage_class=damage_class,
        )

    first = send(DamageClass.SPALL)
    known = standing(desk)
    assert send(DamageClass.SPALL).edited == first.edited
    with pytest.raises(Conflict, match="other contents"):
        send(DamageClass.RUST_STAIN)
    assert standing(desk) == known


def test_the_same_merge_with_another_class_is_another_edit(desk: Desk) -> None:
    found = standing(desk)[:2]
    versions = {defect.defect_id: defect.version for defect in found}
    same: dict[str, Any] = {"versions": versions}
    order = Order(edit_id=uuid.uuid4(), editor="佐藤")
    first = merge(desk, order, **same, damage_class=DamageClass.SPALL)
    known = standing(desk)
    again = merge(desk, order, **same, damage_class=DamageClass.SPALL)
    assert again.edited.shares == first.edited.shares
    with pytest.raises(Conflict, match="other contents"):
        merge(desk, order, **same, damage_class=DamageClass.RUST_STAIN)
    assert standing(desk) == known


def test_a_merge_that_named_no_class_is_not_one_that_names_another(desk: Desk) -> None:
    versions = {defect.defect_id: defect.version for defect in standing(desk)[:2]}
    order = Order(edit_id=uuid.uuid4(), editor="佐藤")
    first = merge(desk, order, versions=versions)
    assert merge(desk, order, versions=versions).edited.shares == first.edited.shares
    with pytest.raises(Conflict, match="other contents"):
        merge(desk, order, versions=versions, damage_class=DamageClass.SPALL)
