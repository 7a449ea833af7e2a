"""Shapes of models: what there is, how it stands, which one is used."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field

from api.schemas.base import Shape
from inspection.domain.modelref import ModelRef, Origin, Standing
from inspection.domain.networkform import CHANNELS_MAX, LICENCE_MAX, Output
from inspection.store.job import ACTIVE, JobState, Work
from inspection.store.modelchoices import Choice

NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
Probability = Annotated[float, Field(gt=0, lt=1)]
Three = tuple[float, float, float]
Step = Literal[1, 2, 4, 8, 16, 32, 64, 128, 256]


class ModelName(Shape):
    """Name a model of which the newest network is meant."""

    name: str = Field(pattern=NAME)
    own_model_id: UUID | None = Field(default=None, description="of an upload; null for others")


class ModelRefOut(Shape):
    """Name a model and the network that is meant."""

    name: str
    own_model_id: UUID | None
    sha256: str

    @classmethod
    def of(cls, ref: ModelRef) -> Self:
        """Name a model."""
        return cls(name=ref.name, own_model_id=ref.own_model_id, sha256=ref.sha256)


class ErrandOut(Shape):
    """Show how far a worker has come with a model or a trial."""

    job_id: UUID
    state: JobState = Field(description="failed means: will be tried again at due_at")
    active: bool
    attempt: int
    step: str
    done: int
    total: int = Field(description="0 means unknown")
    error: str | None = Field(description="why the last attempt ended, in words")
    changed_at: datetime
    due_at: datetime

    @classmethod
    def of(cls, work: Work) -> Self:
        """Show an errand."""
        return cls(
            job_id=work.job_id,
            state=work.state,
            active=work.state in ACTIVE,
            attempt=work.attempt,
            step=work.step,
            done=work.units_done,
            total=work.units_total,
            error=work.error or None,
            changed_at=work.changed_at,
            due_at=work.due_at,
        )


class CardOut(Shape):
    """Say of a model what one wants to know before choosing it."""

    classes: list[str] = Field(description="without background")
    thresholds: dict[str, float]
    gsd_range_mm_per_px: tuple[float, float]
    licence: str
    is_calibrated: bool = Field(description="its crack masks were measured against known widths")


class UploadedOut(Shape):
    """Say how an upload came."""

    uploaded_by: str
    uploaded_at: datetime
    file_name: str
    file_bytes: int
    file_sha256: str = Field(description="of the file as it came; empty before it came")
    mpx_per_s: float | None = Field(description="million pixels a second on one core, when tried")
    dead: list[str] = Field(description="classes that never rose above 0.001 when it was tried")
    job: ErrandOut | None


class ModelRow(Shape):
    """Show one model."""

    name: str
    own_model_id: UUID | None
    sha256: str = Field(description="empty until a worker has taken it in, or when unreadable")
    origin: Origin
    standing: Standing | None = Field(description="null for an upload that is not taken in")
    words: str = Field(description="how it stands, in words; why it was refused")
    card: CardOut | None
    workers: int = Field(description="workers that can load it now")
    is_default: bool = Field(description="the choice of the organisation, or the service's own")
    upload: UploadedOut | None


class ChoiceOut(Shape):
    """Show what somebody chose, and how it stands."""

    model: ModelRefOut
    chosen_by: str
    chosen_at: datetime
    standing: Standing
    words: str

    @classmethod
    def of(cls, choice: Choice, standing: Standing, words: str) -> Self:
        """Show a choice."""
        return cls(
            model=ModelRefOut.of(choice.ref),
            chosen_by=choice.chosen_by,
            chosen_at=choice.chosen_at,
            standing=standing,
            words=words,
        )


class NamingSurvey(Shape):
    """Name a survey for which another model was chosen than for its organisation."""

    survey_id: UUID
    asset_id: str
    choice: ChoiceOut


class ModelsOut(Shape):
    """Show all models that the organisation may use."""

    models: list[ModelRow]
    workers: int = Field(description="workers that are running now")
    default: ChoiceOut | None = Field(description="null: left to the service")
    service_default: str | None = Field(description="what workers use where nobody chose")
    classes: list[str] = Field(description="classes to which channels may be mapped")
    file_max_bytes: int
    surveys: list[NamingSurvey] = Field(description="surveys with a choice of their own")


class ModelIn(Shape):
    """Say how a network takes pixels and gives answers, before its file is sent."""

    name: str = Field(pattern=NAME, description="small letters, digits and hyphens")
    file_name: str = Field(min_length=1, max_length=200)
    channels: list[str] = Field(
        min_length=1,
        max_length=CHANNELS_MAX,
        description="class of each output channel in order; `background` is no damage",
    )
    output: Output = Field(
        default="logits", description="channels of pixels, or boxes with masks (YOLO segmentation)"
    )
    full_scale: Literal[1, 255] = Field(default=1, description="value of white at the input")
    mean: Three = Field(default=(0.0, 0.0, 0.0), description="taken off R, G and B, 0..1")
    deviation: Three = Field(default=(1.0, 1.0, 1.0), description="divides R, G and B")
    thresholds: dict[str, Probability] = Field(
        default_factory=dict, description="by class; 0.5 where nothing is said"
    )
    gsd_range_mm_per_px: tuple[float, float] = Field(
        description="smallest and largest pixel it was trained for"
    )
    size_multiple_px: Step = Field(default=32, description="sides of its input are multiples")
    licence: str = Field(default="LicenseRef-own", min_length=1, max_length=LICENCE_MAX)


class SurveyModelOut(Shape):
    """Say which model a survey is processed with, and which one found what it shows."""

    model: ModelRefOut | None = Field(description="null: what the worker has as its default")
    chosen_for: Literal["survey", "organisation", "service"]
    standing: Standing | None = Field(description="null where it is left to the service")
    words: str = Field(description="how it stands; what to do when it cannot be used")
    found_by: list[str] = Field(
        description="names and digests of the models that found what the survey shows now, the one "
        "that found most first"
    )


def card_out(card: dict[str, Any]) -> CardOut | None:
    """Show what a worker said about a model; null when it could not read it."""
    if not card:
        return None
    low, high = card["gsd_range_mm_per_px"]
    return CardOut(
        classes=card["classes"],
        thresholds=card["thresholds"],
        gsd_range_mm_per_px=(low, high),
        licence=card["licence"],
        is_calibrated=card["is_calibrated"],
    )
