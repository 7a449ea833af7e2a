"""Uploads that may break off and go on: the tus protocol, version 1.0.0."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

from api import tus
from api.answers import problems
from api.caretaker import gatherer_of
from api.deps import Services, ServicesDep
from api.errors import ChecksumMismatch, Ended, TooLarge, WrongOffset
from api.schemas.upload import UploadOut
from api.upload import clean_name
from inspection.pipeline.gather import check_promise, settle
from inspection.store import uploads
from inspection.store.engine import reading
from inspection.store.uploads import Part, Upload

router = APIRouter(prefix="/api/surveys/{survey_id}/uploads", tags=["uploads"])

NO_STORE = "no-store"


def speaks_tus(request: Request) -> None:
    """Check that a client speaks our version of the protocol."""
    tus.check_version(request.headers)


SpeaksTus = Depends(speaks_tus)


def _headers(**described: str) -> dict[str, object]:
    return {
        name.replace("_", "-").title(): {"schema": {"type": "string"}, "description": words}
        for name, words in described.items()
    }


def _takes(**required: bool) -> dict[str, Any]:
    """Describe the headers that a request carries: which, and whether it must."""
    return {
        "parameters": [
            {
                "in": "header",
                "name": name.replace("_", "-").title(),
                "required": must,
                "schema": SENT[name],
            }
            for name, must in {"tus_resumable": True, **required}.items()
        ]
    }


SENT: dict[str, dict[str, Any]] = {
    "tus_resumable": {"type": "string", "const": tus.VERSION},
    "upload_length": {"type": "integer", "minimum": 0},
    "upload_offset": {"type": "integer", "minimum": 0},
    "upload_metadata": {"type": "string", "maxLength": tus.METADATA_MAX_CHARS},
    "upload_checksum": {
        "type": "string",
        "examples": ["sha256 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
    },
}
OFFSET = _headers(upload_offset="bytes that have arrived")
WRONG = problems(410, 412)


@router.options(
    "",
    operation_id="upload_protocol",
    status_code=204,
    response_class=Response,
    responses={204: {"headers": _headers(tus_version="versions", tus_extension="extensions")}},
)
def upload_protocol(services: ServicesDep, survey_id: UUID) -> Response:
    """Say which version and extensions of tus this service speaks, and how long a file may be."""
    headers = tus.answered(
        tus_version=tus.VERSION,
        tus_extension=tus.EXTENSIONS,
        tus_max_size=services.limits.file_max_bytes,
        tus_checksum_algorithm=",".join(tus.ALGORITHMS),
    )
    return Response(status_code=204, headers=headers)


@router.post(
    "",
    operation_id="begin_upload",
    status_code=201,
    response_class=Response,
    dependencies=[SpeaksTus],
    responses={201: {"headers": _headers(location="address of the upload")}, **WRONG},
    openapi_extra=_takes(upload_length=True, upload_metadata=False),
)
def begin_upload(request: Request, services: ServicesDep, survey_id: UUID) -> Response:
    """Begin an upload: ``Upload-Length`` bytes, with ``filename`` and ``sha256`` in the metadata.

    The answer says where to send the pieces. With a ``sha256`` the whole file is compared with it
    at the end.
    """
    length = tus.length_of(request.headers)
    if length > services.limits.file_max_bytes:
        raise TooLarge(f"{length} bytes are over the limit of {services.limits.file_max_bytes}")
    said = tus.metadata_of(request.headers)
    upload = gatherer_of(services).begin(
        survey_id,
        name=clean_name(said.get("filename", "")),
        length_bytes=length,
        sha256=check_promise(said["sha256"]) if "sha256" in said else None,
        now=services.clock.now(),
    )
    place = f"/api/surveys/{survey_id}/uploads/{upload.upload_id}"
    headers = tus.answered(
        location=place,
        upload_offset=upload.offset_bytes,
        upload_expires=tus.expiry(upload.expires_at),
    )
    return Response(status_code=201, headers=headers)


@router.head(
    "/{upload_id}",
    operation_id="upload_offset",
    response_class=Response,
    dependencies=[SpeaksTus],
    responses={200: {"headers": OFFSET}, **WRONG},
    openapi_extra=_takes(),
)
def upload_offset(services: ServicesDep, survey_id: UUID, upload_id: UUID) -> Response:
    """Say how much of an upload has arrived, so that the rest can be sent."""
    upload = _settled(services, _find(services, survey_id, upload_id))
    headers = tus.answered(
        upload_offset=upload.offset_bytes,
        upload_length=upload.length_bytes,
        upload_expires=tus.expiry(upload.expires_at),
        cache_control=NO_STORE,
    )
    return Response(status_code=200, headers=headers)


@router.get("/{upload_id}", operation_id="read_upload", responses=problems(410))
def read_upload(
    services: ServicesDep, response: Response, survey_id: UUID, upload_id: UUID
) -> UploadOut:
    """Say how far an upload has come and what became of the file: stored, or why not."""
    response.headers["Cache-Control"] = NO_STORE
    return UploadOut.of(_settled(services, _find(services, survey_id, upload_id)))


@router.patch(
    "/{upload_id}",
    operation_id="continue_upload",
    status_code=204,
    response_class=Response,
    dependencies=[SpeaksTus],
    responses={204: {"headers": OFFSET}, **WRONG, **problems(460)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {tus.CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        },
        **_takes(upload_offset=True, upload_checksum=False),
    },
)
async def continue_upload(
    request: Request, services: ServicesDep, survey_id: UUID, upload_id: UUID
) -> Response:
    """Take a piece of a file that begins at ``Upload-Offset``.

    With ``Upload-Checksum`` the piece counts as a whole or not at all; without, what has arrived
    counts also when the connection breaks. With the last byte the file becomes a photo, or is set
    aside; reading the upload says which.
    """
    upload = await run_in_threadpool(_find, services, survey_id, upload_id)
    start, checksum = tus.offset_of(request.headers), tus.checksum_of(request.headers)
    if start != upload.offset_bytes:
        raise WrongOffset(f"the upload is at byte {upload.offset_bytes}, not at {start}")
    announced = request.headers.get("content-length", "")
    _demand_fit(upload, int(announced) if announced.isdecimal() else 0)
    piece = _Piece(services=services, upload=upload, checksum=checksum)
    upload = await piece.take(request.stream())
    upload = await run_in_threadpool(settle, gatherer_of(services), upload)
    if upload.sha256 is not None and upload.sha256_promised not in (None, upload.sha256):
        raise ChecksumMismatch(f"{upload.detail}; begin the upload anew")
    headers = tus.answered(
        upload_offset=upload.offset_bytes, upload_expires=tus.expiry(upload.expires_at)
    )
    return Response(status_code=204, headers=headers)


@router.delete(
    "/{upload_id}",
    operation_id="end_upload",
    status_code=204,
    response_class=Response,
    dependencies=[SpeaksTus],
    responses=WRONG,
    openapi_extra=_takes(),
)
def end_upload(services: ServicesDep, survey_id: UUID, upload_id: UUID) -> Response:
    """End an upload and remove what has arrived of it; a photo that was stored stays."""
    gatherer_of(services).end(_find(services, survey_id, upload_id))
    return Response(status_code=204, headers=tus.answered())


class _Piece:
    """Take the body of one request: blobs while it arrives, rows as they may count."""

    def __init__(
        self, *, services: Services, upload: Upload, checksum: tus.Checksum | None
    ) -> None:
        self._gatherer = gatherer_of(services)
        self._now = services.clock.now()
        self._upload = upload
        self._checksum = checksum
        self._held: list[Part] = []
        self._buffer = bytearray()

    async def take(self, stream: AsyncIterator[bytes]) -> Upload:
        """Take everything; give the upload as it is then."""
        try:
            async for content in stream:
                await self._add(content)
        except ClientDisconnect:
            if self._checksum is None:  # what has arrived has arrived
                await self._write_down()
            await run_in_threadpool(self._gatherer.drop, self._held)
            return self._upload
        except BaseException:
            await run_in_threadpool(self._gatherer.drop, self._held)
            raise
        if self._checksum is not None:
            await self._check(self._checksum)
        await self._write_down()
        return self._upload

    async def _add(self, content: bytes) -> None:
        self._buffer += content
        if self._checksum is not None:
            self._checksum.digest.update(content)
        _demand_fit(self._upload, self._unwritten_bytes)
        if len(self._buffer) >= self._gatherer.terms.part_bytes:
            await self._keep()
            if self._checksum is None:
                await self._let_count()

    @property
    def _unwritten_bytes(self) -> int:
        return sum(part.size_bytes for part in self._held) + len(self._buffer)

    async def _check(self, checksum: tus.Checksum) -> None:
        try:
            checksum.check()
        except ChecksumMismatch:
            await run_in_threadpool(self._gatherer.drop, self._held)
            raise

    async def _write_down(self) -> None:
        if self._buffer:
            await self._keep()
        if self._held:
            await self._let_count()

    async def _keep(self) -> None:
        content, self._buffer = bytes(self._buffer), bytearray()
        start = self._upload.offset_bytes + sum(part.size_bytes for part in self._held)
        part = await run_in_threadpool(self._gatherer.keep_piece, self._upload, start, content)
        self._held.append(part)

    async def _let_count(self) -> None:
        parts, self._held = self._held, []
        self._upload = await run_in_threadpool(
            self._gatherer.advance, self._upload, parts, self._now
        )


def _demand_fit(upload: Upload, more_bytes: int) -> None:
    if upload.offset_bytes + more_bytes > upload.length_bytes:
        raise TooLarge(
            f"{more_bytes} bytes at byte {upload.offset_bytes} are more than the "
            f"{upload.length_bytes} that were announced"
        )


def _settled(services: Services, upload: Upload) -> Upload:
    """Finish what a crash left unfinished, in the name of the service: who asks changes nothing."""
    return settle(gatherer_of(services, in_the_name_of_the_service=True), upload)


def _find(services: Services, survey_id: UUID, upload_id: UUID) -> Upload:
    """Read an upload.

    Raises:
        NotFound: when there is none.
        Ended: when it has expired.
    """
    with reading(services.engine) as connection:
        upload = uploads.by_id(connection, survey_id, upload_id)
    if upload.expires_at <= services.clock.now():
        raise Ended(f"upload {upload_id} expired at {upload.expires_at:%Y-%m-%dT%H:%M:%SZ}")
    return upload
