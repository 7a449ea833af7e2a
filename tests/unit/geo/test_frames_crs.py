"""What a CRS speaks: degrees, metres or feet."""

import pytest

from inspection.errors import BadInput
from inspection.geo.frames import is_geographic, is_metric


@pytest.mark.parametrize(
    ("crs", "geographic", "metric"),
    [
        ("EPSG:4326", True, False),
        ("EPSG:6668", True, False),
        ("OGC:CRS84", True, False),
        ("EPSG:6675", False, True),  # plane rectangular zone VII, axes north and east
        ("EPSG:32653", False, True),
        ("EPSG:2263", False, False),  # US survey feet
        ("EPSG:4978", False, False),  # geocentric metres are no map
    ],
)
def test_what_a_crs_speaks(crs: str, geographic: bool, metric: bool) -> None:
    assert is_geographic(crs) is geographic
    assert is_metric(crs) is metric


@pytest.mark.parametrize("name", ["EPSG:999999", "LOCAL", "", "somewhere"])
def test_an_unknown_name_is_refused_with_advice(name: str) -> None:
    for ask in (is_geographic, is_metric):
        with pytest.raises(BadInput, match="EPSG:6675"):
            ask(name)
