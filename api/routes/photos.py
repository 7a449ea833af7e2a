"""Photos: upload them, and look at the originals."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, Response

from api.content import cached
from api.deps import Services, ServicesDep
from api.schemas.photo import UploadAnswer, UploadedFile
from api.upload import FIELD, Received, receive, receiving_folder
from inspection.domain.mission import Survey
from inspection.pipeline.admit import original_key
from inspection.pipeline.receive import Arrival, Fate, receive_photos
from inspection.store import photos, surveys
from inspection.store.engine import reading

router = APIRouter(prefix="/api/surveys/{survey_id}/photos", tags=["photos"])

ContentType = Annotated[str, Header(include_in_schema=False)]
"""Said by the type of the body; OpenAPI ignores a header parameter of this name."""

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

    Sending a photo again changes nothing, so an upload that broke off may simply be repeated.
    """
    survey = await run_in_threadpool(_survey, services, survey_id)
    with receiving_folder(services.scratch) as folder:
        received = await receive(
            request.stream(), content_type=content_type, folder=folder, limits=services.limits
        )
        return await run_in_threadpool(_keep, services, survey, received)


@router.get(
    "/{sha256}",
    operation_id="read_photo",
    response_class=FileResponse,
    responses={200: {"content": {"image/*": {}}}, 304: {}},
)
def read_photo(request: Request, services: ServicesDep, survey_id: UUID, sha256: str) -> Response:
    """Give the original file of a photo; it never changes."""
    with reading(services.engine) as connection:
        photo = photos.by_sha256(connection, survey_id, sha256)
    known, headers = cached(request, tag=photo.sha256, media_type="image/*", versioned=True)
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


def _survey(services: Services, survey_id: UUID) -> Survey:
    with reading(services.engine) as connection:
        return surveys.by_id(connection, survey_id)


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
