"""Deliver a conducted survey as the files that ``tenken run`` promises (DESIGN §8)."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspection.domain.defect import Defect
from inspection.domain.workorder import WorkList
from inspection.export.csv import write_csv
from inspection.export.geojson import write_geojson
from inspection.export.report import Table, write_report
from inspection.export.writing import replace_text, replacing
from inspection.pipeline.account import account
from inspection.pipeline.conduct import Conducted
from inspection.pipeline.ledger import Entry
from inspection.pipeline.report import build_report, work_table
from inspection.pipeline.tools import Tools
from inspection.pipeline.widthfile import widths_to_geojson
from inspection.pipeline.worklist import day_in_japan, draw_up
from inspection.store import keys, photos, steps
from inspection.store.engine import reading

Extra = Callable[[Sequence[Defect]], tuple[dict[str, Any], Sequence[Table]]]
"""Adds facts to ``run.json`` and tables to the report, from the listed defects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """Name what was delivered."""

    out: Path
    account: dict[str, Any]
    work_list: WorkList
    defects: tuple[Defect, ...]


def deliver(
    conducted: Conducted, *, out: Path, tools: Tools, extra: Extra | None = None
) -> Delivered:
    """Write all files of a run; a result folder then holds what DESIGN §8 names.

    Every file is complete or not there. Writing again replaces the files.

    Raises:
        Unavailable: when the folder cannot be written.
    """
    now = tools.clock.now()
    survey_id = conducted.survey.survey_id
    with reading(tools.engine) as connection:
        work_list, appraised = draw_up(connection, survey_id=survey_id, today=day_in_japan(now))
        taken = photos.of_survey(connection, survey_id)
        rejections = photos.rejected(connection, survey_id)
        ingested = [s for s in steps.of_survey(connection, survey_id) if s.step == "ingest"]
    listed = tuple(defect for entry in appraised for defect in entry.defects)
    facts = account(
        conducted,
        photos=taken,
        rejections=rejections,
        ingest=Entry.of(ingested[-1]) if ingested else None,
        work_list_rows=len(work_list.rows),
    )
    more, tables = extra(listed) if extra else ({}, ())
    facts |= more
    _write_rasters(conducted, out, tools)
    _write_widths(conducted, listed, out, tools)
    write_geojson(listed, out / "defects.geojson", work_list=work_list)
    write_csv(work_list, out / "worklist.csv")
    report = build_report(
        account=facts,
        work_list=work_list,
        defects=listed,
        mosaic=conducted.mosaic,
        mosaic_path=out / "orthomosaic.tif",
        asset_name=conducted.asset.name,
        created_at=f"{now:%Y-%m-%d %H:%M} UTC",
        tables=[*tables, work_table(work_list)],
    )
    write_report(report, out / "report.html")
    replace_text(out / "run.json", json.dumps(facts, ensure_ascii=False, indent=2) + "\n")
    return Delivered(out=out, account=facts, work_list=work_list, defects=listed)


def _write_rasters(conducted: Conducted, out: Path, tools: Tools) -> None:
    """Copy the mosaic and its companion out of the blob store."""
    for name, key in (
        ("orthomosaic.tif", conducted.mosaic.blob_key),
        ("sources.tif", conducted.mosaic.sources_key),
    ):
        with tools.blobs.local_path(key) as kept, replacing(out / name) as temporary:
            shutil.copyfile(kept, temporary)
    views_key = keys.views_key(conducted.mosaic.sha256)
    if tools.blobs.exists(views_key):  # mosaics of earlier versions have none
        replace_text(out / "views.json", tools.blobs.read_bytes(views_key).decode())


def _write_widths(conducted: Conducted, listed: Sequence[Defect], out: Path, tools: Tools) -> None:
    """Write the widths along the cracks; nothing for a survey that an earlier version measured."""
    results = {entry.step: entry.result for entry in conducted.entries}
    key = results["measure"].get("widths_key")
    if key is not None:
        segments = widths_to_geojson(
            json.loads(tools.blobs.read_bytes(str(key))),
            {str(defect.latest.observation_id): str(defect.defect_id) for defect in listed},
        )
        text = json.dumps(segments, ensure_ascii=False, indent=1)
        replace_text(out / "widths.geojson", text + "\n")
