"""Put together which models an organisation may use, and how each stands.

Workers say what the machine has (``worker_models``); the organisation's own uploads stand in rows
of their own. What was chosen and is not there any more is shown too, with what to do.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from api.principal import Principal
from api.schemas.model import ErrandOut, ModelRow, UploadedOut, card_out
from inspection.domain.modelref import (
    ALIVE,
    ModelRef,
    Offer,
    Origin,
    Standing,
    standing_of,
    told,
)
from inspection.domain.networkform import Described
from inspection.errors import Conflict, NotFound
from inspection.store import errands, modelchoices, offers, ownmodels
from inspection.store.job import Errand
from inspection.store.modelchoices import Choice
from inspection.store.offers import Offered
from inspection.store.ownmodels import OwnModel
from inspection.store.scope import HOME, SINGLE_USER


def organisation_of(principal: Principal) -> str:
    """Name the organisation whose models these are."""
    return HOME if principal.membership is None else principal.membership.organisation_id


def who_is(principal: Principal) -> str:
    """Name who chooses, as people read it."""
    return SINGLE_USER if principal.account is None else principal.account.display_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Hold what is known of models at one moment.

    Attributes:
        offered: what workers say.
        uploads: of the organisation.
        tried: the newest errand of each upload.
        chosen: what the organisation chose, None when it left that to the service.
        now: the moment.
    """

    offered: Sequence[Offered]
    uploads: Sequence[OwnModel]
    tried: dict[UUID, Errand]
    chosen: Choice | None
    now: datetime

    @classmethod
    def look(cls, connection: Connection, organisation_id: str, now: datetime) -> "Room":
        """Read what is known."""
        uploads = ownmodels.of_organisation(connection, organisation_id)
        return cls(
            offered=offers.every(connection),
            uploads=uploads,
            tried=errands.of_subjects(connection, [one.own_model_id for one in uploads]),
            chosen=modelchoices.default_of(connection, organisation_id),
            now=now,
        )

    @property
    def offers(self) -> list[Offer]:
        """List the bare offers."""
        return [one.offer for one in self.offered]

    @property
    def awake(self) -> int:
        """Count the workers that are running."""
        return len({one.worker for one in self.offers if self.now - one.seen_at <= ALIVE})

    @property
    def service_default(self) -> str | None:
        """Name what workers use where nobody chose."""
        return next((one.offer.key for one in self.offered if one.card.get("is_default")), None)

    def standing(self, ref: ModelRef) -> Standing:
        """Say how a model stands."""
        return standing_of(ref, self.offers, self.now)

    def newest(self, name: str, own_model_id: UUID | None) -> ModelRef:
        """Give the network that is meant by a name now; only what can be used is chosen.

        Raises:
            NotFound: when there is no such model.
            Conflict: when no worker can load it.
        """
        ref = self._named(name, own_model_id)
        standing = self.standing(ref)
        if standing is not Standing.USABLE:
            raise Conflict(told(ref, standing))
        return ref

    def _named(self, name: str, own_model_id: UUID | None) -> ModelRef:
        if own_model_id is not None:
            for upload in self.uploads:
                if upload.own_model_id == own_model_id and upload.ref is not None:
                    return upload.ref
            raise NotFound(f"the organisation has no model {own_model_id} that was taken in")
        known = [
            one.offer
            for one in self.offered
            if one.offer.key == name and one.offer.origin is not Origin.UPLOADED
        ]
        sound = [one for one in known if one.sha256 and not one.fault] or [
            one for one in known if one.sha256
        ]
        if not sound:
            names = sorted({one.key for one in self.offers if one.origin is not Origin.UPLOADED})
            raise NotFound(f"no worker has a model {name!r}; known: {', '.join(names) or 'none'}")
        newest = max(sound, key=lambda one: one.seen_at)
        return ModelRef(name=name, sha256=newest.sha256, answers=newest.answers)

    def rows(self) -> Iterator[ModelRow]:
        """Show every model: of the machine, the uploads, and what was chosen and is gone."""
        is_shown = False
        for row in (*self._of_machine(), *map(self._of_upload, self.uploads)):
            is_shown = is_shown or row.is_default
            yield row
        if self.chosen is not None and not is_shown:
            yield self._lost(self.chosen.ref)

    def _of_machine(self) -> Iterator[ModelRow]:
        known: dict[tuple[str, str, str], list[Offered]] = {}
        for one in self.offered:
            if one.offer.origin is not Origin.UPLOADED:
                model = one.offer.key, one.offer.sha256, one.offer.answers
                known.setdefault(model, []).append(one)
        names = Counter(name for name, _, _ in known)
        for (name, sha256, answers), said in sorted(known.items()):
            alive = [one for one in said if self.now - one.offer.seen_at <= ALIVE]
            if not alive and names[name] > 1:
                continue  # what a worker had before its file was exchanged
            newest = max(said, key=lambda one: one.offer.seen_at)
            ref = ModelRef(name=name, sha256=sha256, answers=answers) if sha256 else None
            standing = Standing.BROKEN if ref is None else self.standing(ref)
            yield ModelRow(
                name=name,
                own_model_id=None,
                sha256=sha256,
                origin=newest.offer.origin,
                standing=standing,
                words=newest.offer.fault or (told(ref, standing) if ref else ""),
                card=card_out(dict(newest.card)),
                workers=sum(not one.offer.fault for one in alive),
                is_default=self._is_default(ref, newest),
                upload=None,
            )

    def _is_default(self, ref: ModelRef | None, said: Offered) -> bool:
        if self.chosen is None:
            return bool(said.card.get("is_default"))
        chosen = self.chosen.ref
        return ref is not None and chosen.key == ref.key and chosen.is_met(ref.sha256, ref.answers)

    def _of_upload(self, model: OwnModel) -> ModelRow:
        ref, errand = model.ref, self.tried.get(model.own_model_id)
        standing = None if ref is None else self.standing(ref)
        refusal = "" if errand is None else errand.error
        return ModelRow(
            name=model.described.name,
            own_model_id=model.own_model_id,
            sha256=model.sha256,
            origin=Origin.UPLOADED,
            standing=standing,
            words=refusal if ref is None or standing is None else told(ref, standing),
            card=card_out(card_of(model.described)),
            workers=sum(
                offer.key == str(model.own_model_id)
                and not offer.fault
                and self.now - offer.seen_at <= ALIVE
                for offer in self.offers
            ),
            is_default=self.chosen is not None and ref is not None and self.chosen.ref == ref,
            upload=UploadedOut(
                uploaded_by=model.uploaded_by,
                uploaded_at=model.uploaded_at,
                file_name=model.file_name,
                file_bytes=model.file_bytes,
                file_sha256=model.file_sha256,
                mpx_per_s=model.mpx_per_s,
                dead=list(model.dead),
                job=None if errand is None else ErrandOut.of(errand),
            ),
        )

    def _lost(self, ref: ModelRef) -> ModelRow:
        standing = self.standing(ref)
        return ModelRow(
            name=ref.name,
            own_model_id=ref.own_model_id,
            sha256=ref.sha256,
            origin=Origin.MACHINE if ref.own_model_id is None else Origin.UPLOADED,
            standing=standing,
            words=told(ref, standing),
            card=None,
            workers=0,
            is_default=True,
            upload=None,
        )


def card_of(described: Described) -> dict[str, object]:
    """Give what was said about an upload, as workers say it of what the machine has."""
    return {
        "classes": list(described.form.classes[1:]),
        "thresholds": dict(described.thresholds),
        "gsd_range_mm_per_px": list(described.gsd_range_mm_per_px),
        "licence": described.licence,
        "is_calibrated": False,
    }
