"""Render the pictures of the page on records and open data.

Run ``python -m tests.benchmarks.record_pictures --out docs/pictures``.

Everything is made by the commands of the page from the rendered survey of the tests. The form needs
LibreOffice to be turned into a page; without it its picture is left as it is, and that is said.
"""

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
from PIL import Image

from api.worklist_file import FileFormat, draw, write
from inspection.export.recordform import shipped_template
from inspection.pipeline.approve import approve
from inspection.pipeline.recordfile import RecordFormat, Wanted, write_record
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, reading, writing
from tests.support.released import FISCAL_YEAR, AtNoon
from tests.support.released import main as fill
from tests.support.seed import database_url

NOW = datetime(2026, 5, 12, 1, 0, tzinfo=UTC)
SCALE = 1.15
GAP_PX = 12
FINDINGS = {
    "evaluation": {
        "bridge": {"live_load": "B", "earthquake": "B", "flood": "A"},
        "superstructure": {"live_load": "B", "earthquake": "A"},
        "substructure": {"live_load": "A", "earthquake": "B", "flood": "A"},
    },
    "events": {"fatigue": "無", "salt": "有", "asr": "無", "coating": "有", "scour": "無"},
    "inspected_on": "2026-04-10",
    "inspector_company": "点検コンサルタント",
    "diagnostician": "山田",
    "remarks": "主桁に剥離・鉄筋露出が見られる。次回点検までに断面修復が望ましい。",
}


def main(argv: Sequence[str]) -> int:
    """Write the three pictures into a folder; without one, only see that they can be made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="folder, such as docs/pictures")
    chosen: Path | None = parser.parse_args(argv).out
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen or Path(scratch) / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        home = Path(scratch) / "home"
        fill(home)
        documents = write_documents(home, Path(scratch))
        save(pages(documents["list"], most=1), folder / "record-worklist.png")
        save(pages(documents["record"], most=3), folder / "record-pdf.png")
        form = as_pdf(documents["form"])
        if form is None:
            print("record-form.png left as it is: LibreOffice is not installed")
        else:
            save(pages(form, most=2), folder / "record-form.png")
    return 0


def write_documents(home: Path, out: Path) -> dict[str, Path]:
    """Write the work list, the record and the form of the filled home folder."""
    engine, blobs = create_engine(database_url(home)), FolderBlobs(home / "blobs")
    with writing(engine) as connection:
        kept = approve(
            connection,
            "bridge-12",
            FISCAL_YEAR,
            by="鈴木課長",
            why="照査済",
            findings=FINDINGS,
            clock=AtNoon(NOW),
        )
    template, cell_map = shipped_template()
    documents = {"list": out / "w.pdf", "record": out / "r.pdf", "form": out / "f.xlsx"}
    with reading(engine) as connection:
        drawn = draw(
            connection,
            blobs,
            survey_id=None,
            asset_id="bridge-12",
            now=NOW,
            file_format=FileFormat.PDF,
        )
        write(drawn, documents["list"], FileFormat.PDF)
        write_record(
            connection, blobs, kept, documents["record"], Wanted(file_format=RecordFormat.PDF)
        )
        wanted = Wanted(file_format=RecordFormat.XLSX, template=template, cell_map=cell_map)
        write_record(connection, blobs, kept, documents["form"], wanted)
    engine.dispose()
    return documents


def pages(pdf: Path, *, most: int) -> list[Image.Image]:
    """Render the first pages of a PDF."""
    document = pypdfium2.PdfDocument(pdf)
    shown = [document[i].render(scale=SCALE).to_pil() for i in range(min(most, len(document)))]
    document.close()
    return shown


def as_pdf(workbook: Path) -> Path | None:
    """Turn a workbook into PDF; None without LibreOffice."""
    if shutil.which("soffice") is None:
        return None
    command = ["soffice", "--headless", "--convert-to", "pdf", "--outdir", str(workbook.parent)]
    subprocess.run([*command, str(workbook)], check=True, capture_output=True, timeout=300)
    return workbook.with_suffix(".pdf")


def save(shown: list[Image.Image], path: Path) -> None:
    """Write pages side by side, few colours, small."""
    width = sum(page.width for page in shown) + GAP_PX * (len(shown) - 1)
    sheet = Image.new("RGB", (width, max(page.height for page in shown)), "#B0BEC5")
    left = 0
    for page in shown:
        sheet.paste(page, (left, 0))
        left += page.width + GAP_PX
    written = io.BytesIO()
    sheet.quantize(200, dither=Image.Dither.NONE).save(written, "PNG", optimize=True)
    path.write_bytes(written.getvalue())
    print(f"{path.name}: {sheet.width}×{sheet.height} px, {len(written.getvalue()) // 1000} kB")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
