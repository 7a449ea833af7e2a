"""Widths of real cracks of known width: the promise of the measurement, site by site."""

from pathlib import Path

import pytest

from inspection.domain.widthcalibration import CONCRETE
from tests.benchmarks.width_profiles import by_site, rows_of


@pytest.mark.data
def test_widths_of_real_cracks(data_dir: Path) -> None:
    scores = by_site(rows_of(data_dir), CONCRETE)
    everything = scores["all"]
    assert everything.rows >= 540
    assert everything.mae_px <= 0.30
    assert everything.mae_mm <= 0.08
    assert everything.answered >= 0.95
    for site in ("BridgeB", "BridgeS", "Indoors", "all"):
        assert scores[site].coverage >= 0.90
        # an interval that always covers says nothing
        assert scores[site].mean_u_px <= 6 * scores[site].mae_px
