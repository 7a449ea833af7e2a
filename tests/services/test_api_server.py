"""The real service on a real port: GIS programs read it, and it stays on this machine."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.apart import apart
from tests.support.seed import Seeded, seed
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.services

SERVE = "import sys; from inspection.cli import main; main(sys.argv[1:])"


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    return seed(tmp_path_factory.mktemp("served") / "home")


@pytest.fixture(scope="module")
def server(seeded: Seeded) -> Iterator[RunningServer]:
    with running_server(seeded.home, worker=False) as running:
        yield running


def gdal(*command: str) -> str:
    """Run one of GDAL's programs and give what it printed."""
    environment = {name: value for name, value in os.environ.items() if name != "PROJ_DATA"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr, done.stderr
    return done.stdout


def test_ogrinfo_reads_both_collections(server: RunningServer) -> None:
    printed = gdal("ogrinfo", "-al", "-so", f"OAPIF:{server.base_url}")
    defects, surveys = printed.split("Layer name: ")[1:]
    assert defects.startswith("defects") and surveys.startswith("surveys")
    assert "Feature Count: 4" in defects and "Geometry: Multi Polygon" in defects
    assert "Feature Count: 1" in surveys and "Geometry: Polygon" in surveys
    assert "WGS 84" in defects
    assert "width_mm: Real" in defects and "changed_at: DateTime" in defects
    assert "Extent: (136.6256" in defects


def test_ogrinfo_turns_pages_and_loses_nothing(server: RunningServer, seeded: Seeded) -> None:
    printed = gdal(
        "ogrinfo", "-al", f"OAPIF:{server.base_url}", "defects", "-oo", "PAGE_SIZE=1",
        "-geom=NO",
    )  # fmt: skip
    for defect in seeded.mapped.defects:
        assert printed.count(f"defect_id (String) = {defect.defect_id}") == 1
    for defect in seeded.local.defects:
        assert str(defect.defect_id) not in printed


def test_ogr2ogr_copies_what_lies_in_a_box(
    server: RunningServer, seeded: Seeded, tmp_path: Path
) -> None:
    spall = seeded.mapped.defects[3]
    assert spall.latest.anchor_lonlat is not None
    lon, lat = spall.latest.anchor_lonlat
    box = [str(value) for value in (lon - 1e-7, lat - 1e-7, lon + 1e-7, lat + 1e-7)]
    file = tmp_path / "copy.geojson"
    gdal("ogr2ogr", "-spat", *box, str(file), f"OAPIF:{server.base_url}", "defects")
    features = json.loads(file.read_text(encoding="utf-8"))["features"]
    assert [f["properties"]["defect_id"] for f in features] == [str(spall.defect_id)]
    assert features[0]["properties"]["class"] == "spall"


def test_gdal_reads_the_world_tiles_as_qgis_does(
    server: RunningServer, seeded: Seeded, tmp_path: Path
) -> None:
    survey = server.call(f"/api/surveys/{seeded.mapped.survey_id}")[1]
    template = survey["mosaic"]["webmercator_url_template"]
    url = server.base_url + template.replace("{z}", "${z}").replace("{x}", "${x}").replace(
        "{y}", "${y}"
    )
    description = f"""<GDAL_WMS>
      <Service name="TMS"><ServerUrl>{url}</ServerUrl></Service>
      <DataWindow>
        <UpperLeftX>-20037508.34</UpperLeftX><UpperLeftY>20037508.34</UpperLeftY>
        <LowerRightX>20037508.34</LowerRightX><LowerRightY>-20037508.34</LowerRightY>
        <TileLevel>22</TileLevel><TileCountX>1</TileCountX><TileCountY>1</TileCountY>
        <YOrigin>top</YOrigin>
      </DataWindow>
      <Projection>EPSG:3857</Projection>
      <BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY><BandsCount>4</BandsCount>
    </GDAL_WMS>"""
    source, picture = tmp_path / "tiles.xml", tmp_path / "picture.tif"
    source.write_text(description, encoding="utf-8")
    extent = server.call("/collections/surveys")[1]["extent"]["spatial"]["bbox"][0]
    west, south, east, north = (str(value) for value in extent)
    gdal(
        "gdalwarp", "-q", "-t_srs", "EPSG:4326", "-te", west, south, east, north, "-ts", "300",
        "0", str(source), str(picture),
    )  # fmt: skip
    statistics = json.loads(gdal("gdalinfo", "-json", "-stats", str(picture)))["bands"]
    red, alpha = statistics[0], statistics[3]
    assert alpha["mean"] > 200, "the mosaic fills its own extent"
    assert 130 < red["mean"] < 185 and red["maximum"] > red["minimum"] + 60


def serve(*options: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SERVE, "serve", "--no-worker", "--home", str(home), *options],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


ELSEWHERE = ["0.0.0.0", "192.0.2.1", "::"]
ONE_BY_ONE = """
import contextlib, io, json, sys
from inspection.cli import main

def refusal(host):
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            main(["serve", "--no-worker", "--home", sys.argv[1], "--host", host, "--port", "0"])
    except SystemExit as ended:
        return ended.code, said.getvalue()
    return 0, ""

print(json.dumps({host: refusal(host) for host in sys.argv[2:]}))
"""


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """Ask one process for each address, for most of the time goes by until it has started."""
    home = tmp_path_factory.mktemp("refused") / "home"
    found: dict[str, tuple[int, str]] = apart(ONE_BY_ONE, home, *ELSEWHERE)
    assert not home.exists(), "nothing is made before the refusal"
    return found


@pytest.mark.parametrize("host", ELSEWHERE)
def test_it_refuses_to_listen_to_others(refusals: dict[str, tuple[int, str]], host: str) -> None:
    code, said = refusals[host]
    assert code == 3
    assert "SSH tunnel" in said


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = serve("--port", str(taken.getsockname()[1]), home=tmp_path / "home")
    assert done.returncode == 4
    assert "choose another with --port" in done.stderr


def test_it_is_not_reached_under_a_foreign_name(server: RunningServer) -> None:
    status, problem = server.call("/healthz", headers={"Host": "tenken.example"})
    assert (status, problem["status"]) == (421, 421)


def test_the_work_list_is_written_by_the_command_too(seeded: Seeded, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    export = ["worklist", "export", "--asset", "bridge-12", "--out", str(file)]
    done = subprocess.run(
        [sys.executable, "-c", SERVE, *export, "--home", str(seeded.home)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "4 lines" in done.stdout
    assert len(file.read_text(encoding="utf-8-sig").splitlines()) == 5
