"""Account for a run in plain values: what came in, what was made, what it cost, what was set aside.

The keys are a contract of the command line (DESIGN §8); programs read ``run.json``.
"""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from inspection import __version__
from inspection.domain.capture import Photo, Rejection, RejectionReason
from inspection.pipeline.conduct import Conducted
from inspection.pipeline.ledger import Entry, Plain

ACCOUNTED = ("pycolmap", "rasterio", "numpy", "opencv-python-headless", "openvino", "pyproj")
"""Libraries whose version can change a result."""


def account(
    conducted: Conducted,
    *,
    photos: Sequence[Photo],
    rejections: Sequence[Rejection],
    ingest: Entry | None,
    work_list_rows: int,
) -> dict[str, Any]:
    """Give the content of ``run.json``."""
    results = {entry.step: entry.result for entry in conducted.entries}
    mosaic = results["mosaic"]
    entries = conducted.entries if ingest is None else (ingest, *conducted.entries)
    return {
        "survey_id": str(conducted.survey.survey_id),
        "asset_id": conducted.asset.asset_id,
        "surface": conducted.survey.surface.value,
        "photos": _photos(photos, rejections, conducted),
        "registration": mosaic["registration"],
        "mosaic": {
            **mosaic["mosaic"],
            "sha256": conducted.mosaic.sha256,
            "georeferenced": conducted.mosaic.georeferenced,
            "gsd_uncertainty_ratio": conducted.mosaic.gsd_uncertainty_ratio,
        },
        "detections": results["detect"]["detections"],
        "measured": _without(results["measure"], "code", "widths_key"),
        "defects": results["consolidate"]["defects"],
        "consolidated": _without(results["consolidate"], "code"),
        "work_list_rows": work_list_rows,
        "model": results["detect"]["model"],
        "warnings": warnings_of(entries),
        "stages": [_stage(entry) for entry in entries],
        "versions": versions(),
    }


def _photos(
    photos: Sequence[Photo], rejections: Sequence[Rejection], conducted: Conducted
) -> dict[str, Any]:
    """Count photos; every rejected one is named with its reason."""
    left_out = [r for r in rejections if r.reason is RejectionReason.NOT_REGISTERED]
    return {
        "accepted": len(photos),
        "registered": len(conducted.mosaic.source_photos),
        "not_registered": len(left_out),
        "rejected": [
            {"file": r.file, "reason": r.reason.value, "detail": r.detail} for r in rejections
        ],
    }


def _stage(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.step,
        "seconds": round(entry.seconds, 3),
        "peak_rss_mb": round(entry.peak_rss_mb, 1),
        "reused": entry.reused,
        "code": entry.result.get("code", ""),
    }


def _without(facts: Plain, *left_out: str) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if key not in left_out}


def warnings_of(entries: Sequence[Entry]) -> list[str]:
    """Gather what the user must be told, step by step, each sentence once."""
    sentences: dict[str, None] = {}
    for entry in entries:
        found = entry.result.get("warnings") or _nested(entry.result, "registration")
        sentences.update(dict.fromkeys(found))
    return list(sentences)


def _nested(result: Plain, part: str) -> Sequence[str]:
    inner = result.get(part)
    return inner.get("warnings", []) if isinstance(inner, Mapping) else []


def versions() -> dict[str, str]:
    """Name the versions that made the result: Tenken, Python, and what computes."""
    found = {"tenken": __version__, "python": platform.python_version()}
    for name in ACCOUNTED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found
