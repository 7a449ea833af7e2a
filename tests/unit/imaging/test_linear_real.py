"""Estimator A on masks that people drew around real cracks."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.geo.polyline import length
from inspection.imaging.linear import follow
from tests.support.masks import runs_of


@pytest.mark.data
def test_length_times_width_is_the_area_of_real_cracks(data_dir: Path) -> None:
    files = sorted((data_dir / "cracks" / "uav_concrete" / "train" / "masks").glob("*.png"))[:24]
    assert len(files) == 24
    ratios = []
    for file in files:
        mask = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) > 127
        count, label, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
        for number in range(1, count):
            area_px = int(stats[number, cv2.CC_STAT_AREA])
            if area_px < 100:
                continue
            limbs = follow(runs_of(label == number))
            long_px = sum(length(limb.points_px) for limb in limbs)
            widths = np.concatenate([limb.width_px for limb in limbs])
            ratios.append(area_px / (long_px * float(np.nanmean(widths))))
    assert len(ratios) > 30
    # the distance to the nearest edge is a little less than half the chord across a rough band
    assert 1.0 <= float(np.median(ratios)) <= 1.15
    assert 0.85 <= min(ratios)
    assert max(ratios) <= 1.5
