"""Storage, for those who administer: what lies where, and removal of what nothing rests on."""

import shutil
from collections import Counter
from uuid import UUID

from fastapi import APIRouter, Response

from api.caretaker import gatherer_of
from api.deps import GatekeeperDep, PrincipalDep, Services, ServicesDep
from api.principal import Principal
from api.schemas.storage import (
    Freed,
    OrganisationBytes,
    StorageOut,
    SurveyBytes,
    UnfinishedOut,
    UnownedOut,
    kinds_of,
)
from inspection.errors import NotFound, Refused
from inspection.pipeline.stocktake import Stored, kept_by_surveys, remove_unowned, unowned
from inspection.store import audit, organisations, stock, uploads
from inspection.store.audit import Event
from inspection.store.engine import reading, writing
from inspection.store.scope import HOME

router = APIRouter(prefix="/api/storage", tags=["storage"])

SURVEYS_MOST = 200


@router.get("", operation_id="read_storage")
def read_storage(
    services: ServicesDep, gatekeeper: GatekeeperDep, principal: PrincipalDep
) -> StorageOut:
    """Weigh what the organisation and those below it keep; and the disk."""
    own = _own(principal)
    with reading(services.engine) as connection:
        kept = kept_by_surveys(connection, services.blobs)
        open_uploads = stock.unfinished(connection)
    services.scratch.mkdir(parents=True, exist_ok=True)
    disk = shutil.disk_usage(services.scratch)
    heaviest = sorted(kept, key=lambda one: -one.bytes_by_kind.total())
    return StorageOut(
        disk_total_bytes=disk.total,
        disk_free_bytes=disk.free,
        kinds=kinds_of(sum((one.bytes_by_kind for one in kept), Counter())),
        organisations=_by_organisation(kept),
        surveys=[SurveyBytes.of(one) for one in heaviest[:SURVEYS_MOST]],
        unfinished=[
            UnfinishedOut.of(one, own=own in (None, one.organisation_id)) for one in open_uploads
        ],
        unowned=_unowned(gatekeeper) if _is_topmost(gatekeeper, principal) else None,
    )


@router.post("/unowned/removal", operation_id="remove_unowned")
def remove_unowned_files(services: GatekeeperDep, principal: PrincipalDep) -> Freed:
    """Remove files that no row names and nobody has touched for a week; nothing rests on them."""
    if not _is_topmost(services, principal):
        raise Refused(
            "files that belong to nobody are removed by admins of the topmost organisation"
        )
    now = services.clock.now()
    with reading(services.engine) as connection:
        freed = remove_unowned(connection, services.blobs, now_s=now.timestamp())
    event = Event(
        at=now,
        actor=principal.actor,
        organisation_id=_own(principal) or HOME,
        action="remove_unowned",
        subject=f"blobs {freed.total()} bytes",
    )
    with writing(services.engine) as connection:
        audit.append(connection, [event])
    return Freed(size_bytes=freed.total(), kinds=kinds_of(freed))


@router.delete("/uploads/{upload_id}", operation_id="remove_unfinished_upload", status_code=204)
def remove_unfinished_upload(
    services: ServicesDep, principal: PrincipalDep, upload_id: UUID
) -> Response:
    """End an upload of the own organisation that was not finished; its pieces go."""
    own = _own(principal)
    with reading(services.engine) as connection:
        mine = [
            one
            for one in stock.unfinished(connection)
            if one.upload_id == upload_id and own in (None, one.organisation_id)
        ]
        if not mine:
            raise NotFound(f"the organisation has no unfinished upload {upload_id}")
        upload = uploads.by_id(connection, mine[0].survey_id, upload_id)
    gatherer_of(services).end(upload)
    return Response(status_code=204)


def _own(principal: Principal) -> str | None:
    """Name the organisation for which somebody acts; None for the single user: every one."""
    return None if principal.membership is None else principal.membership.organisation_id


def _is_topmost(services: Services, principal: Principal) -> bool:
    own = _own(principal)
    if own is None:
        return principal.single_user
    with reading(services.engine) as connection:
        return organisations.by_id(connection, own).parent_id is None


def _unowned(services: Services) -> UnownedOut:
    with reading(services.engine) as connection:
        found = unowned(connection, services.blobs, now_s=services.clock.now().timestamp())
    weights: Counter[str] = Counter()
    for blob in found:
        weights[blob.key.split("/")[0]] += blob.size_bytes
    return UnownedOut(count=len(found), size_bytes=weights.total(), kinds=kinds_of(weights))


def _by_organisation(kept: tuple[Stored, ...]) -> list[OrganisationBytes]:
    sizes: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for one in kept:
        sizes[one.survey.organisation_id] += one.bytes_by_kind.total()
        counts[one.survey.organisation_id] += 1
    return [
        OrganisationBytes(organisation_id=name, surveys=counts[name], size_bytes=size)
        for name, size in sizes.most_common()
    ]
