"""An approved record + its mosaics → a file in the format that somebody asked for."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from inspection.codelists.damage_classes import load_damage_labels
from inspection.domain.inspectionrecord import InspectionRecord
from inspection.domain.release import ReleaseAction
from inspection.export.dxf import write_dxf
from inspection.export.encoding import CsvReport, Encoding
from inspection.export.figure import Figure
from inspection.export.formvalues import form_tables, form_values
from inspection.export.recordfiles import (
    record_features,
    record_json,
    record_map,
    write_elements_csv,
    write_record_gpkg,
)
from inspection.export.recordform import Filling, FormPicture, FormReport, fill_form
from inspection.export.recordpdf import Stamp, write_record_pdf
from inspection.export.sheetstyle import Language
from inspection.export.writing import replace_text
from inspection.imaging.burn import Stroke, burn
from inspection.pipeline.figures import chip_figures, of_record, overview_figure
from inspection.pipeline.ports import BlobStore
from inspection.store import releases
from inspection.store.releases import Approval


class RecordFormat(StrEnum):
    """Say in which format a record is written; xlsx is the filled form."""

    XLSX = "xlsx"
    PDF = "pdf"
    DXF = "dxf"
    CSV = "csv"
    GEOJSON = "geojson"
    GPKG = "gpkg"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Say how a record is to be written.

    Attributes:
        file_format: of the file.
        language: of its words.
        encoding: of a CSV.
        survey_id: whose face a drawing shows.
        template: workbook of a form.
        cell_map: which value goes where in it.
    """

    file_format: RecordFormat
    language: Language = "ja"
    encoding: Encoding = "utf-8-sig"
    survey_id: str | None = None
    template: bytes = b""
    cell_map: dict[str, Any] | None = None


def write_record(
    connection: Connection, blobs: BlobStore, approval: Approval, path: Path, wanted: Wanted
) -> list[str]:
    """Write an approved record; gives what a reader should know, in words.

    Raises:
        BadInput: when a form, a survey or a cell map does not fit.
        Unavailable: when the folder cannot be written, or a library of the system is missing.
    """
    record = approval.record
    writers: dict[RecordFormat, Callable[[], object]] = {
        RecordFormat.XLSX: lambda: _form(connection, blobs, approval, path, wanted),
        RecordFormat.PDF: lambda: _pdf(connection, blobs, approval, path, wanted),
        RecordFormat.DXF: lambda: _dxf(connection, record, path, wanted),
        RecordFormat.CSV: lambda: write_elements_csv(record, path, encoding=wanted.encoding),
        RecordFormat.GEOJSON: lambda: _json(record_features(record), path),
        RecordFormat.GPKG: lambda: write_record_gpkg(record, path),
        RecordFormat.JSON: lambda: _json(record_json(record, approval.sha256), path),
    }
    report = writers[wanted.file_format]()
    return _said(report, record)


def _said(report: object, record: InspectionRecord) -> list[str]:
    """Say what a reader of the file should know."""
    said = report.sentences() if isinstance(report, CsvReport) else []
    if isinstance(report, FormReport):
        said.append(f"sheets: {', '.join(report.sheets)}")
        if report.empty:
            said.append(f"left empty, nobody said it: {_empty(report.empty)}")
    if record.unverified:
        said.append(f"未確認 / unverified rules: {', '.join(record.unverified)}")
    return said


def _empty(names: Sequence[str]) -> str:
    """Name empty fields; the cells of the two matrices are only counted.

    >>> _empty(["kana", "evaluation_bridge_other", "evaluation_bridge_flood"])
    'kana, 2 cells of the technical evaluation'
    """
    cells = sum(name.startswith("evaluation_") for name in names)
    plain = [name for name in names if not name.startswith("evaluation_")]
    return ", ".join([*plain, *([f"{cells} cells of the technical evaluation"] if cells else [])])


def stamp_of(connection: Connection, approval: Approval) -> Stamp:
    """Say who approved a record, when and why."""
    events = releases.history(
        connection, asset_id=approval.record.asset_id, actions=[ReleaseAction.APPROVE]
    )
    ours = [event for event in events if event.approval_id == approval.approval_id]
    return Stamp(
        approved_by=approval.approved_by,
        approved_at=f"{approval.approved_at:%Y-%m-%d %H:%M} UTC",
        why=ours[-1].decision.why if ours else "",
        sha256=approval.sha256,
    )


def _form(
    connection: Connection, blobs: BlobStore, approval: Approval, path: Path, wanted: Wanted
) -> FormReport:
    """Fill the form of a record, with its pictures."""
    record = approval.record
    chips = _chips(connection, blobs, record)
    pictures = {key: _flat(figure) for key, figure in chips.items()}
    overviews = _overviews(connection, blobs, record)
    if overviews:
        pictures["overview"] = _flat(overviews[0][0])
    filling = Filling(
        values=form_values(
            record,
            approved_by=approval.approved_by,
            approved_at=approval.approved_at.isoformat(),
        ),
        tables=form_tables(record),
        pictures=pictures,
    )
    assert wanted.cell_map is not None
    return fill_form(filling, path, template=wanted.template, cell_map=wanted.cell_map)


def _flat(figure: Figure) -> FormPicture:
    """Draw the outlines of a figure into its pixels; a workbook holds no drawing over them."""
    shown = figure.picture
    strokes = [
        Stroke(path=one.path, colour=one.colour, label=one.label, at_px=one.at_px)
        for one in figure.outlines
    ]
    return FormPicture(
        content=burn(shown.content, strokes, offset_px=figure.offset_px),
        width_px=shown.width_px,
        height_px=shown.height_px,
    )


def _pdf(
    connection: Connection, blobs: BlobStore, approval: Approval, path: Path, wanted: Wanted
) -> None:
    record = approval.record
    write_record_pdf(
        record,
        path,
        stamp=stamp_of(connection, approval),
        overviews=_overviews(connection, blobs, record),
        figures=_chips(connection, blobs, record),
        language=wanted.language,
    )


def _dxf(connection: Connection, record: InspectionRecord, path: Path, wanted: Wanted) -> None:
    """Draw the damage map, with the outline of the photographed face where the mosaic is known."""
    colours = {code.value: label.colour for code, label in load_damage_labels().items()}
    drawn = record_map(record, colours, survey_id=wanted.survey_id, language=wanted.language)
    unconfirmed = "未確認" if wanted.language == "ja" else "unconfirmed"
    write_dxf(replace(drawn, unconfirmed=unconfirmed), path)


def _chips(connection: Connection, blobs: BlobStore, record: InspectionRecord) -> dict[str, Figure]:
    return chip_figures(connection, blobs, [of_record(defect) for defect in record.defects])


def _overviews(
    connection: Connection, blobs: BlobStore, record: InspectionRecord
) -> Sequence[tuple[Figure, str]]:
    """Show every survey's mosaic with the numbers of its damages."""
    found = []
    for survey in record.surveys:
        shown = [of_record(d) for d in record.defects if d.survey_id == survey.survey_id]
        figure = overview_figure(connection, blobs, survey.mosaic_sha256, shown)
        if figure is not None:
            found.append((figure, f"{survey.date} {survey.surface}"))
    return found


def _json(content: object, path: Path) -> None:
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1)
    replace_text(path, text + "\n")
