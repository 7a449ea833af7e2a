"""One bridge with two cracks and a spall, as defects and as a work list."""

import shapely

from inspection.domain.asset import Asset, AssetKind
from inspection.domain.defect import Defect, ReviewState
from inspection.domain.workorder import WorkList
from inspection.pipeline.issue import appraise, issue
from tests.support.damage import area, below, crack, defect, quantity

UTM = "EPSG:32653"
X, Y = 500_010.0, 4_050_020.0
BRIDGE = Asset(asset_id="ISK-0123", name='=HYPERLINK("evil")', kind=AssetKind.BRIDGE)


def scene(crs: str = UTM) -> list[Defect]:
    at = (X, Y) if crs != "LOCAL" else (3.0, 4.0)
    line = [(at[0], at[1]), (at[0] + 1.5, at[1] + 0.4), (at[0] + 3.0, at[1])]
    thin = [(at[0], at[1] + 5), (at[0] + 0.3, at[1] + 5)]
    spall = shapely.box(at[0], at[1] + 8, at[0] + 0.5, at[1] + 8.5)
    options = {"asset_id": BRIDGE.asset_id}
    return [
        defect(crack(line, width=quantity(6.0, 2.0, 2.0), crs=crs), **options),
        defect(crack(thin, width=below(2.0), crs=crs), **options),
        defect(area(spall, crs=crs), state=ReviewState.CONFIRMED, **options),
    ]


def listed(defects: list[Defect], asset: Asset = BRIDGE) -> WorkList:
    return issue([appraise(asset, defects)], photo_names={"b" * 64: "点検 001.JPG"})
