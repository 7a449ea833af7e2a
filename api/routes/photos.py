"""Photos: upload them, and look at the originals."""

import logging
import uuid
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, Response

from api.content import cached
from api.deps import PrincipalDep, Services, ServicesDep
from api.principal import Principal
from api.schemas.photo import LeftOut, RejectionOut, TakeOut, UploadAnswer, UploadedFile
from api.schemas.upload import AskedPhotos, HerePhoto, KnownPhotos, UploadOut
from api.upload import FIELD, Received, receive, receiving_folder
from inspection.domain.capture import Photo
from inspection.domain.mission import Survey
from inspection.errors import NotFound, Unavailable
from inspection.pipeline.admit import original_key
from inspection.pipeline.gather import TAKES_NONE
from inspection.pipeline.receive import Arrival, Fate, receive_photos
from inspection.store import jobs, keys, photos, removals, surveys, uploads
from inspection.store.engine import reading, writing
from inspection.store.removals import Removal, RemovalAction

router = APIRouter(prefix="/api/surveys/{survey_id}/photos", tags=["photos"])

log = logging.getLogger("tenken.api")

ContentType = Annotated[str, Header(include_in_schema=False)]
"""Said by the type of the body; OpenAPI ignores a header parameter of this name."""
Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
JPEG = "image/jpeg"

UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "properties": {
                        FIELD: {"type": "array", "items": {"type": "string", "format": "binary"}}
                    },
                }
            }
        },
    }
}


@router.post("", operation_id="upload_photos", openapi_extra=UPLOAD_BODY)
async def upload_photos(
    request: Request, services: ServicesDep, survey_id: UUID, content_type: ContentType
) -> UploadAnswer:
    """Take photos in, each a part named ``files``; say of each what became of it.

    Sending a photo again changes nothing, so an upload that broke off may simply be repeated. 409
    while the survey is being processed.
    """
    survey = await run_in_threadpool(_idle_survey, services, survey_id)
    with receiving_folder(services.scratch) as folder:
        received = await receive(
            request.stream(), content_type=content_type, folder=folder, limits=services.limits
        )
        return await run_in_threadpool(_keep, services, survey, received)


@router.post("/known", operation_id="known_photos")
def known_photos(services: ServicesDep, survey_id: UUID, asked: AskedPhotos) -> KnownPhotos:
    """Say which files a survey has already, by their digests, before anything is sent.

    Changes nothing; it is no GET because five hundred digests do not fit into an address.
    """
    wanted = set(asked.sha256s)
    with reading(services.engine) as connection:
        surveys.by_id(connection, survey_id)
        here = photos.names_of(connection, survey_id, wanted)
        set_aside = photos.rejected_of(connection, survey_id, wanted - set(here))
        missing = wanted - set(here) - set(set_aside)
        arriving = uploads.arriving(connection, survey_id, missing, services.clock.now())
    return KnownPhotos(
        here=[HerePhoto(sha256=sha256, name=name) for sha256, name in sorted(here.items())],
        set_aside=[RejectionOut.of(row) for _, row in sorted(set_aside.items())],
        arriving=[UploadOut.of(upload) for _, upload in sorted(arriving.items())],
    )


@router.post("/{sha256}/removal", operation_id="remove_photo", status_code=201)
def remove_photo(
    services: ServicesDep, principal: PrincipalDep, survey_id: UUID, sha256: Digest, wanted: TakeOut
) -> LeftOut:
    """Take a photo out of a survey before its next run; it can be put back.

    What was made with it stays, and so does its file. 409 while the survey is being processed.
    """
    photo = (survey_id, sha256)
    return _decided(services, principal, photo, RemovalAction.REMOVE, wanted)


@router.post("/{sha256}/restoration", operation_id="restore_photo", status_code=201)
def restore_photo(
    services: ServicesDep, principal: PrincipalDep, survey_id: UUID, sha256: Digest, wanted: TakeOut
) -> LeftOut:
    """Put a photo back that was taken out; the next run uses it again."""
    photo = (survey_id, sha256)
    return _decided(services, principal, photo, RemovalAction.RESTORE, wanted)


def _decided(
    services: Services,
    principal: Principal,
    chosen: tuple[UUID, str],
    action: RemovalAction,
    wanted: TakeOut,
) -> LeftOut:
    survey_id, sha256 = chosen
    account = principal.account
    removal = Removal(
        event_id=uuid.uuid4(),
        survey_id=survey_id,
        sha256=sha256,
        action=action,
        why=wanted.why,
        by=wanted.by if account is None else account.display_name,
        at=services.clock.now(),
        account_id=None if account is None else account.account_id,
    )
    with writing(services.engine) as connection:
        removals.record(connection, removal)
        photo = photos.by_sha256(connection, survey_id, sha256)
    return LeftOut.of(photo, removal)


@router.get(
    "/{sha256}/thumbnail",
    operation_id="read_thumbnail",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, 304: {}},
)
def read_thumbnail(
    request: Request, services: ServicesDep, survey_id: UUID, sha256: str
) -> Response:
    """Give a small picture of a photo, or of what arrived of a file that was set aside."""
    with reading(services.engine) as connection:
        here = photos.names_of(connection, survey_id, {sha256})
        if not here and not photos.rejected_of(connection, survey_id, {sha256}):
            raise NotFound(f"survey {survey_id} has no photo {sha256[:80]}")
        photo = photos.by_sha256(connection, survey_id, sha256) if here else None
    known, headers = cached(request, tag=f"{sha256}-small", media_type=JPEG, versioned=True)
    if known is not None:
        return known
    if photo is None or services.blobs.exists(keys.thumbnail_key(sha256)):
        content = services.blobs.read_bytes(keys.thumbnail_key(sha256))
    else:
        content = _made_small(services, photo)
    return Response(content, media_type=JPEG, headers=headers)


@router.get(
    "/{sha256}",
    operation_id="read_photo",
    response_class=FileResponse,
    responses={200: {"content": {"image/*": {}}}, 304: {}},
)
def read_photo(request: Request, services: ServicesDep, survey_id: UUID, sha256: str) -> Response:
    """Give the original file of a photo; it never changes.

    A browser asks each time whether it may show it: the next person there may not see originals.
    """
    with reading(services.engine) as connection:
        photo = photos.by_sha256(connection, survey_id, sha256)
    known, headers = cached(request, tag=photo.sha256, media_type="image/*", versioned=False)
    if known is not None:
        return known
    with services.blobs.local_path(original_key(photo)) as path:
        content = path.read_bytes()
    return Response(content, media_type=image_type(content), headers=headers)


def image_type(content: bytes) -> str:
    """Name the media type of an image by its first bytes, never by what the sender said.

    >>> image_type(bytes.fromhex("ffd8ffe0"))
    'image/jpeg'
    """
    signatures = {
        b"\xff\xd8\xff": "image/jpeg",
        b"\x89PNG\r\n\x1a\n": "image/png",
        b"II*\x00": "image/tiff",
        b"MM\x00*": "image/tiff",
    }
    for signature, media_type in signatures.items():
        if content.startswith(signature):
            return media_type
    return "application/octet-stream"


def _idle_survey(services: Services, survey_id: UUID) -> Survey:
    with reading(services.engine) as connection:
        jobs.demand_idle(connection, survey_id, TAKES_NONE, hold=False)
        return surveys.by_id(connection, survey_id)


def _made_small(services: Services, photo: Photo) -> bytes:
    """Have a small picture made of a photo that came in without one, elsewhere, and keep it."""
    with services.blobs.local_path(original_key(photo)) as path:
        content = services.examine([path]).thumbnails.get(path)
    if content is None:
        raise NotFound(f"nothing can be shown of {photo.sha256}")
    try:
        services.blobs.put_bytes(keys.thumbnail_key(photo.sha256), content)
    except Unavailable as error:  # a full disk does not keep anybody from looking
        log.warning("%s", error)
    return content


def _keep(services: Services, survey: Survey, received: list[Received]) -> UploadAnswer:
    arrivals = [
        Arrival(name=file.name, path=file.path, sha256=file.sha256, size_bytes=file.size_bytes)
        for file in received
    ]
    fates = receive_photos(
        survey,
        arrivals,
        engine=services.engine,
        blobs=services.blobs,
        file_max_bytes=services.limits.file_max_bytes,
        examine=services.examine,
    )
    with reading(services.engine) as connection:
        count = len(photos.of_survey(connection, survey.survey_id))
    return UploadAnswer(files=[_shown(fate) for fate in fates], photo_count=count)


def _shown(fate: Fate) -> UploadedFile:
    rejection = fate.rejection
    return UploadedFile(
        name=fate.arrival.name,
        status=fate.status,
        size_bytes=fate.arrival.size_bytes,
        sha256=fate.arrival.sha256,
        reason=None if rejection is None else rejection.reason,
        detail="" if rejection is None else rejection.detail,
    )
