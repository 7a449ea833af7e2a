"""Read which blobs belong to which survey, and which uploads have not ended."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select

from inspection.store import keys
from inspection.store.model_tables import trials
from inspection.store.tables import assets, orthomosaics, steps, survey_photos, surveys
from inspection.store.upload_tables import uploads
from inspection.store.uploads import UploadState

RESULT_KEYS = ("blob_key", "widths_key")
"""Names under which the result of a step says where it lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyKeys:
    """Name a survey, its asset and organisation, and the blobs that its rows name.

    Attributes:
        survey_id: the survey.
        asset_id: what it visited.
        asset_name: the name of that.
        organisation_id: whose it is; empty for nobody's.
        created_at: when it was begun.
        keys: blobs, each once.
    """

    survey_id: uuid.UUID
    asset_id: str
    asset_name: str
    organisation_id: str
    created_at: datetime
    keys: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedUpload:
    """Describe an upload that has not ended, with the asset that it is for."""

    upload_id: uuid.UUID
    survey_id: uuid.UUID
    asset_name: str
    organisation_id: str
    name: str
    length_bytes: int
    offset_bytes: int
    created_at: datetime
    expires_at: datetime


def keys_of_surveys(connection: Connection) -> tuple[SurveyKeys, ...]:
    """List every survey with the blobs that its rows name, newest first."""
    named: dict[uuid.UUID, set[str]] = {}
    for survey_id, key in _named(connection):
        named.setdefault(survey_id, set()).add(key)
    rows = connection.execute(
        select(
            surveys.c.survey_id,
            surveys.c.created_at,
            assets.c.asset_id,
            assets.c.name,
            assets.c.organisation_id,
        )
        .select_from(surveys.join(assets, assets.c.asset_id == surveys.c.asset_id))
        .order_by(surveys.c.created_at.desc(), surveys.c.survey_id)
    )
    return tuple(
        SurveyKeys(
            survey_id=row.survey_id,
            asset_id=row.asset_id,
            asset_name=row.name,
            organisation_id=row.organisation_id or "",
            created_at=row.created_at,
            keys=frozenset(named.get(row.survey_id, ())),
        )
        for row in rows
    )


def unfinished(connection: Connection) -> tuple[UnfinishedUpload, ...]:
    """List the uploads that have not ended, the next to expire first."""
    rows = connection.execute(
        select(uploads, assets.c.name.label("asset_name"), assets.c.organisation_id)
        .select_from(
            uploads.join(surveys, surveys.c.survey_id == uploads.c.survey_id).join(
                assets, assets.c.asset_id == surveys.c.asset_id
            )
        )
        .where(uploads.c.state == UploadState.RECEIVING.value)
        .order_by(uploads.c.expires_at, uploads.c.upload_id)
    )
    return tuple(map(_unfinished, rows))


def _named(connection: Connection) -> Iterator[tuple[uuid.UUID, str]]:
    photos = select(survey_photos.c.survey_id, survey_photos.c.sha256, survey_photos.c.name)
    for survey_id, sha256, name in connection.execute(photos):
        yield survey_id, keys.photo_key(sha256, Path(name).suffix)
    mosaics = select(
        orthomosaics.c.survey_id,
        orthomosaics.c.sha256,
        orthomosaics.c.blob_key,
        orthomosaics.c.sources_key,
    )
    for survey_id, sha256, blob_key, sources_key in connection.execute(mosaics):
        yield from ((survey_id, key) for key in (blob_key, sources_key, keys.views_key(sha256)))
    found = select(trials.c.survey_id, trials.c.outlines_key).where(
        trials.c.outlines_key.is_not(None)
    )
    yield from ((survey_id, key) for survey_id, key in connection.execute(found))
    for survey_id, result in connection.execute(select(steps.c.survey_id, steps.c.result)):
        for name in RESULT_KEYS:
            if isinstance(result, dict) and isinstance(result.get(name), str):
                yield survey_id, result[name]


def _unfinished(row: Row[Any]) -> UnfinishedUpload:
    return UnfinishedUpload(
        upload_id=row.upload_id,
        survey_id=row.survey_id,
        asset_name=row.asset_name,
        organisation_id=row.organisation_id or "",
        name=row.name,
        length_bytes=row.length_bytes,
        offset_bytes=row.offset_bytes,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
