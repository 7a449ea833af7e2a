"""Models, for those who administer: what there is, uploads, and which one is used."""

import hashlib
import uuid
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection
from starlette.requests import ClientDisconnect

from api.answers import problems
from api.deps import PrincipalDep, Services, ServicesDep
from api.errors import TooLarge
from api.modelroom import Room, organisation_of, who_is
from api.principal import Principal
from api.routes.surveys import ring_or_log
from api.schemas.model import (
    ChoiceOut,
    ModelIn,
    ModelName,
    ModelRefOut,
    ModelRow,
    ModelsOut,
    NamingSurvey,
    SurveyModelOut,
)
from api.upload import clean_name, receiving_folder
from inspection.domain.modelref import ModelRef, standing_of, told
from inspection.domain.networkform import NAMES, Described, Form
from inspection.errors import BadInput
from inspection.store import (
    errands,
    keys,
    modelchoices,
    offers,
    ownmodels,
    surveys,
    tenancy,
)
from inspection.store.audit import Event
from inspection.store.engine import reading, writing
from inspection.store.job import ACTIVE
from inspection.store.modelchoices import Choice
from inspection.store.ownmodels import OwnModel

router = APIRouter(prefix="/api", tags=["models"])

FILE = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("/models", operation_id="list_models")
def list_models(services: ServicesDep, principal: PrincipalDep) -> ModelsOut:
    """List the models that the organisation may use, and how each stands."""
    organisation_id = organisation_of(principal)
    with reading(services.engine) as connection:
        room = Room.look(connection, organisation_id, services.clock.now())
        naming = modelchoices.surveys_naming(connection, organisation_id)
    return ModelsOut(
        models=list(room.rows()),
        workers=room.awake,
        default=None if room.chosen is None else _shown(room, room.chosen),
        service_default=room.service_default,
        classes=list(NAMES),
        file_max_bytes=services.limits.model_max_bytes,
        surveys=[
            NamingSurvey(survey_id=survey_id, asset_id=asset_id, choice=_shown(room, choice))
            for survey_id, asset_id, choice in naming
        ],
    )


@router.post("/models", operation_id="describe_model", status_code=201)
def describe_model(services: ServicesDep, principal: PrincipalDep, wanted: ModelIn) -> ModelRow:
    """Say how a network takes pixels and gives answers; its file is sent next."""
    model = OwnModel(
        own_model_id=uuid.uuid4(),
        organisation_id=organisation_of(principal),
        described=_described(wanted),
        uploaded_by=who_is(principal),
        uploaded_at=services.clock.now(),
        file_name=clean_name(wanted.file_name),
    )
    with writing(services.engine) as connection:
        ownmodels.add(connection, model)
    return _row(services, principal, model.own_model_id)


@router.put(
    "/models/{own_model_id}/file",
    operation_id="send_model_file",
    status_code=202,
    openapi_extra=FILE,
    responses=problems(413),
)
async def send_model_file(
    request: Request,
    services: ServicesDep,
    principal: PrincipalDep,
    own_model_id: UUID,
    content_length: Annotated[int | None, Header(ge=0)] = None,
) -> ModelRow:
    """Send the ONNX file of a model: it waits in quarantine until a worker has tried it.

    Nothing but that worker opens it, in a process of its own with bounds of time and memory.
    """
    most = services.limits.model_max_bytes
    if content_length is not None and content_length > most:
        raise TooLarge(_too_large(most))
    await run_in_threadpool(_demand_waiting, services, own_model_id)
    with receiving_folder(services.scratch) as folder:
        path = folder / "upload.onnx"
        sha256, size = await _receive(request, path, most)
        await run_in_threadpool(
            _quarantine, services, principal, own_model_id, path=path, sha256=sha256, size=size
        )
    return await run_in_threadpool(_row, services, principal, own_model_id)


@router.put("/models/default", operation_id="choose_default_model")
def choose_default_model(
    services: ServicesDep, principal: PrincipalDep, wanted: ModelName
) -> ChoiceOut:
    """Choose the model with which the organisation's surveys are processed from now on."""
    organisation_id, now = organisation_of(principal), services.clock.now()
    with writing(services.engine) as connection:
        room = Room.look(connection, organisation_id, now)
        choice = _choice(services, principal, room.newest(wanted.name, wanted.own_model_id))
        modelchoices.choose_default(connection, organisation_id, choice)
        _tell(connection, services, principal, "choose_default_model", choice.ref.label)
    return _shown(room, choice)


@router.delete("/models/default", operation_id="leave_default_model", status_code=204)
def leave_default_model(services: ServicesDep, principal: PrincipalDep) -> Response:
    """Leave the choice of the model to the service again."""
    with writing(services.engine) as connection:
        modelchoices.leave_default(connection, organisation_of(principal))
        _tell(connection, services, principal, "leave_default_model", "model of the service")
    return Response(status_code=204)


@router.delete("/models/{own_model_id}", operation_id="withdraw_model", status_code=204)
def withdraw_model(services: ServicesDep, principal: PrincipalDep, own_model_id: UUID) -> Response:
    """Take an upload back; what it found stays and names it. Who chose it is told so."""
    now = services.clock.now()
    with writing(services.engine) as connection:
        model = ownmodels.by_id(connection, own_model_id)
        errand = errands.of_subjects(connection, [own_model_id]).get(own_model_id)
        if errand is not None and errand.state in ACTIVE:
            errands.cancel(connection, errand.job_id, now)
        ownmodels.withdraw(connection, own_model_id, now)
        _tell(connection, services, principal, "withdraw_model", f"model {model.described.name}")
    if model.file_key:
        services.blobs.delete(model.file_key)
    return Response(status_code=204)


@router.get("/surveys/{survey_id}/model", operation_id="survey_model")
def survey_model(services: ServicesDep, survey_id: UUID) -> SurveyModelOut:
    """Say which model a survey is processed with, how it stands, and which one found what."""
    with reading(services.engine) as connection:
        surveys.by_id(connection, survey_id)
        chosen = modelchoices.of_survey(connection, survey_id)
        said = [one.offer for one in offers.every(connection)]
        found_by = list(modelchoices.finders_of(connection, survey_id))
    if chosen is None:
        return SurveyModelOut(
            model=None, chosen_for="service", standing=None, words="", found_by=found_by
        )
    standing = standing_of(chosen.ref, said, services.clock.now())
    whose: Literal["survey", "organisation"] = "survey" if chosen.for_survey else "organisation"
    return SurveyModelOut(
        model=ModelRefOut.of(chosen.ref),
        chosen_for=whose,
        standing=standing,
        words=told(chosen.ref, standing),
        found_by=found_by,
    )


@router.put("/surveys/{survey_id}/model", operation_id="choose_survey_model")
def choose_survey_model(
    services: ServicesDep, principal: PrincipalDep, survey_id: UUID, wanted: ModelName
) -> SurveyModelOut:
    """Choose a model for one survey; what it shows now stays until it is processed again."""
    now = services.clock.now()
    with writing(services.engine) as connection:
        surveys.by_id(connection, survey_id)
        room = Room.look(connection, organisation_of(principal), now)
        choice = _choice(services, principal, room.newest(wanted.name, wanted.own_model_id))
        modelchoices.choose_for_survey(connection, survey_id, choice)
        subject = f"{choice.ref.label} for survey {survey_id}"
        _tell(connection, services, principal, "choose_survey_model", subject)
    return survey_model(services, survey_id)


@router.delete("/surveys/{survey_id}/model", operation_id="leave_survey_model", status_code=204)
def leave_survey_model(services: ServicesDep, survey_id: UUID) -> Response:
    """Leave the choice for a survey to its organisation again."""
    with writing(services.engine) as connection:
        surveys.by_id(connection, survey_id)
        modelchoices.leave_for_survey(connection, survey_id)
    return Response(status_code=204)


def _described(wanted: ModelIn) -> Described:
    """Read what was said about a network.

    Raises:
        BadInput: when it does not go together.
    """
    form = Form(
        channels=tuple(wanted.channels),
        output=wanted.output,
        full_scale=float(wanted.full_scale),
        mean=wanted.mean,
        deviation=wanted.deviation,
    )
    found = form.classes[1:]
    strange = sorted(set(wanted.thresholds) - set(found))
    if strange:
        raise BadInput(f"threshold of {', '.join(strange)}: the model gives {', '.join(found)}")
    return Described(
        name=wanted.name,
        form=form,
        thresholds=dict.fromkeys(found, 0.5) | wanted.thresholds,
        gsd_range_mm_per_px=wanted.gsd_range_mm_per_px,
        size_multiple_px=wanted.size_multiple_px,
        licence=wanted.licence,
    )


def _too_large(most: int) -> str:
    return f"the file is over {most / 1e6:g} MB; a network of that size is not taken here"


def _demand_waiting(services: Services, own_model_id: UUID) -> None:
    """Check that a file is waited for, before it is sent over the network."""
    with reading(services.engine) as connection:
        ownmodels.demand_waiting(ownmodels.by_id(connection, own_model_id))


async def _receive(request: Request, path: Path, most: int) -> tuple[str, int]:
    """Write a body to disk as it arrives; give its digest and size.

    Raises:
        TooLarge: when it is too long.
        BadInput: when it is empty or breaks off.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("wb") as file:
            async for piece in request.stream():
                size += len(piece)
                if size > most:
                    raise TooLarge(_too_large(most))
                digest.update(piece)
                await run_in_threadpool(file.write, piece)
    except ClientDisconnect as error:
        raise BadInput("the upload was cut off before its end; send it again") from error
    if not size:
        raise BadInput("the file is empty; choose the ONNX file of the network")
    return digest.hexdigest(), size


def _quarantine(
    services: Services,
    principal: Principal,
    own_model_id: UUID,
    *,
    path: Path,
    sha256: str,
    size: int,
) -> None:
    """Keep a file where only a worker looks, and ask one to try it."""
    key = keys.quarantine_key(own_model_id, sha256)
    services.blobs.put_file(key, path)
    now = services.clock.now()
    with writing(services.engine) as connection:
        model = ownmodels.by_id(connection, own_model_id)
        ownmodels.file_came(
            connection, own_model_id, file_key=key, file_sha256=sha256, file_bytes=size
        )
        errand = errands.enqueue(
            connection,
            errands.REGISTER,
            own_model_id,
            now,
            organisation_id=model.organisation_id,
        )
        subject = f"model {model.described.name}, file {sha256[:12]}"
        _tell(connection, services, principal, "send_model_file", subject)
    ring_or_log(services, errand.job_id)


def _row(services: Services, principal: Principal, own_model_id: UUID) -> ModelRow:
    with reading(services.engine) as connection:
        room = Room.look(connection, organisation_of(principal), services.clock.now())
    return next(row for row in room.rows() if row.own_model_id == own_model_id)


def _choice(services: Services, principal: Principal, ref: ModelRef) -> Choice:
    return Choice(ref=ref, chosen_by=who_is(principal), chosen_at=services.clock.now())


def _shown(room: Room, choice: Choice) -> ChoiceOut:
    standing = room.standing(choice.ref)
    return ChoiceOut.of(choice, standing, told(choice.ref, standing))


def _tell(
    connection: Connection, services: Services, principal: Principal, action: str, subject: str
) -> None:
    """Tell the audit log which model it was; rows are told of by digest only."""
    event = Event(
        at=services.clock.now(),
        actor=principal.actor,
        organisation_id=organisation_of(principal),
        action=action,
        subject=subject,
    )
    tenancy.tell(connection, event)
