"""Conduct a survey along the whole road: every step in order, each at most once.

The command line and the queue worker call the same function. What a step gave and cost stands in
the ledger, so a run that was killed goes on where it stopped, and a finished one costs nothing.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from inspection.domain.asset import Asset
from inspection.domain.capture import Photo, Rejection, RejectionReason
from inspection.domain.detection import Detections
from inspection.domain.eradate import day_in_japan
from inspection.domain.mission import Survey, SurveyState
from inspection.domain.raster import Orthomosaic
from inspection.errors import BadInput, Conflict, TenkenError
from inspection.imaging import viewfile
from inspection.imaging.detections_file import load_detections, save_detections
from inspection.imaging.photofile import PhotoFile
from inspection.pipeline.crackwidths import PhotoSight
from inspection.pipeline.forecast import (
    demand_memory,
    demand_room,
    detect_memory_mb,
    forecast,
)
from inspection.pipeline.ledger import Entry, Outcome, Plain, input_digest, keep_nothing, once
from inspection.pipeline.lending import lent_photos
from inspection.pipeline.measure import measure
from inspection.pipeline.mosaic import VIEWS_FILE, mosaic
from inspection.pipeline.outsource import ENGINE, outsource
from inspection.pipeline.regrade import up_to_date
from inspection.pipeline.share import Part, detect_inputs, share
from inspection.pipeline.tie import tie
from inspection.pipeline.tools import Tools
from inspection.pipeline.widthfile import widths_to_plain
from inspection.pipeline.worklist import candidates_of, draw_up, freeze
from inspection.pipeline.workshop import workshop
from inspection.store import (
    assets,
    grades,
    keys,
    observations,
    orthomosaics,
    photos,
    reviewqueue,
    surveys,
    workorders,
)
from inspection.store.engine import reading, writing


@dataclass(frozen=True, slots=True, kw_only=True)
class Conducted:
    """Say what the road gave.

    Attributes:
        survey: the survey, processed.
        asset: the asset that was visited.
        mosaic: the mosaic of the survey.
        entries: ledger entries in the order of the road.
    """

    survey: Survey
    asset: Asset
    mosaic: Orthomosaic
    entries: tuple[Entry, ...]


def conduct(survey_id: UUID, tools: Tools) -> Conducted:
    """Do every step of a survey that is not done yet.

    Raises:
        BadInput: when the survey has no photo, or its photos cannot be tied together.
        Conflict: when another process works on the survey or has taken it over; its state is then
            left to whoever holds it.
        TenkenError: of any other family, from the step that failed; the survey is then ``failed``,
            keeps all that earlier steps gave, and may be conducted again.
    """
    with reading(tools.engine) as connection:
        survey = surveys.by_id(connection, survey_id)
        asset = assets.by_id(connection, survey.asset_id)
        pictures = photos.of_survey(connection, survey_id)
    if not pictures:
        raise BadInput(f"survey {survey_id} has no usable photo; upload photos first")
    with workshop(tools.work_dir, survey_id) as folder:
        road = _Road(survey=survey, asset=asset, photos=pictures, folder=folder, tools=tools)
        _set_state(tools, survey, SurveyState.PROCESSING)
        try:
            conducted = road.drive()
        except Conflict:
            raise  # the survey is somebody else's now: cancelled, or taken over by a worker
        except TenkenError:
            _set_state(tools, survey, SurveyState.FAILED)
            raise
        _set_state(tools, survey, SurveyState.PROCESSED)
    return replace(conducted, survey=replace(survey, state=SurveyState.PROCESSED))


def _set_state(tools: Tools, survey: Survey, state: SurveyState) -> None:
    with writing(tools.engine) as connection:
        tools.warrant.check(connection)
        surveys.set_state(connection, survey.survey_id, state)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Road:
    """Hold what all steps of one survey share."""

    survey: Survey
    asset: Asset
    photos: Sequence[Photo]
    folder: Path
    tools: Tools

    def drive(self) -> Conducted:
        """Do the steps in the order in which the data moves."""
        made, mosaic_entry = self._mosaic()
        detected = self._detect(made)
        measured = self._measure(made, detected)
        consolidated = self._consolidate(made, detected)
        issued = self._issue()
        return Conducted(
            survey=self.survey,
            asset=self.asset,
            mosaic=made,
            entries=(mosaic_entry, detected, measured, consolidated, issued),
        )

    def _mosaic(self) -> tuple[Orthomosaic, Entry]:
        """Make the mosaic and keep it; photos that could not be tied in are set aside."""
        control = self._control_file()
        inputs = {
            "photos": sorted([photo.name, photo.sha256] for photo in self.photos),
            "surface": self.survey.surface.value,
            "gsd_m_per_px": self.survey.gsd_m_per_px,
            "map_crs": self.survey.map_crs,
            "control": hashlib.sha256(control.read_bytes()).hexdigest() if control else "",
            **({} if self.tools.node is None else {"engine": ENGINE}),
        }

        def work() -> Outcome:
            made = self._make(lent_photos(self.tools.blobs, self.photos), control)
            self.tools.blobs.put_file(made.blob_key, self.folder / "orthomosaic.tif")
            self.tools.blobs.put_file(made.sources_key, self.folder / "sources.tif")
            if (self.folder / VIEWS_FILE).exists():
                self.tools.blobs.put_file(keys.views_key(made.sha256), self.folder / VIEWS_FILE)

            def save(connection: Connection) -> Plain:
                orthomosaics.save(connection, made)
                self._set_aside(connection, made)
                return {}

            return Outcome(result={**made.facts, "sha256": made.sha256}, save=save)

        entry = once(self.tools, self.survey.survey_id, "mosaic", inputs, work)
        return self._standing(str(entry.result["sha256"])), entry

    def _standing(self, sha256: str) -> Orthomosaic:
        """Read the mosaic that is worked with; let it stand again when another one stood since."""
        survey_id = self.survey.survey_id
        with reading(self.tools.engine) as connection:
            made = orthomosaics.of(connection, survey_id, sha256)
            stands = orthomosaics.of_survey(connection, survey_id).sha256 == sha256
        if not stands:
            with writing(self.tools.engine) as connection:
                self.tools.warrant.commit(connection)
                orthomosaics.stand(connection, survey_id, sha256)
                self._set_aside(connection, made)
        return made

    def _make(self, paths: Mapping[str, PhotoFile], control: Path | None) -> Orthomosaic:
        """Make the mosaic, here or elsewhere."""
        node, progress = self.tools.node, self.tools.progress
        if node is None:
            self._demand_room()
            return mosaic(
                survey=self.survey,
                photos=self.photos,
                photo_paths=paths,
                work_dir=self.folder,
                gcp_file=control,
                progress=progress,
            )
        if control is not None:
            raise BadInput("control points are not handed on to NodeODM; use the embedded engine")
        return outsource(
            survey=self.survey,
            photos=self.photos,
            photo_paths=paths,
            work_dir=self.folder,
            node=node,
            progress=progress,
        )

    def _demand_room(self) -> None:
        """Refuse a survey that cannot finish on this machine, before the work begins."""
        needed = forecast(self.survey, self.photos, batch=self.tools.batch)
        self.tools.progress.say(f"{needed}")
        demand_room(needed, self.tools.room(self.folder))

    def _control_file(self) -> Path | None:
        """Copy the survey's control points beside the work, if it has any."""
        key = keys.control_key(self.survey.survey_id)
        if not self.tools.blobs.exists(key):
            return None
        path = self.folder / "control.csv"
        path.write_bytes(self.tools.blobs.read_bytes(key))
        return path

    def _set_aside(self, connection: Connection, made: Orthomosaic) -> None:
        """Say which photos the mosaic could not use, instead of what was said of another one."""
        photos.reject(
            connection,
            self.survey.survey_id,
            self._left_out(made),
            instead_of=RejectionReason.NOT_REGISTERED,
        )

    def _left_out(self, made: Orthomosaic) -> Iterator[Rejection]:
        """Turn photos that the mosaic could not use into rejections with their reason."""
        used = set(made.source_photos)
        for photo in self.photos:
            if photo.sha256 not in used:
                yield Rejection(
                    file=photo.name,
                    reason=RejectionReason.NOT_REGISTERED,
                    detail="too few points in common with the other photos; fly with more overlap",
                )

    def _detect(self, made: Orthomosaic) -> Entry:
        """Find damage on the mosaic and keep the detections as one blob."""
        inputs = detect_inputs(made.sha256, self.tools.model_id)

        def work() -> Outcome:
            part = Part(
                survey_id=self.survey.survey_id,
                mosaic_sha256=made.sha256,
                input_digest=input_digest("detect", inputs),
            )
            needed = detect_memory_mb(self.tools.batch)
            demand_memory(needed, self.tools.room(self.folder), f"detection needs {needed:.0f} MB")
            with self.tools.blobs.local_path(made.blob_key) as path:
                found = share(path, part, self.tools)
            file = self.folder / "detections.npz"
            save_detections(file, found.detections)
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            key = keys.detections_key(digest)
            self.tools.blobs.put_file(key, file)
            result = {**found.facts, "blob_key": key}
            return Outcome(result=result, save=keep_nothing)

        return once(self.tools, self.survey.survey_id, "detect", inputs, work)

    def _measure(self, made: Orthomosaic, detected: Entry) -> Entry:
        """Measure what was found and keep each sighting."""
        key = str(detected.result["blob_key"])
        inputs = {
            "mosaic": made.sha256,
            "detections": key,
            "model": self.tools.model_id,
            "calibration": asdict(self.tools.calibration),
            "widths": asdict(self.tools.widths) if self.tools.widths else None,
        }

        def work() -> Outcome:
            with ExitStack() as stack:
                measured = measure(
                    self._load_detections(key),
                    mosaic_path=stack.enter_context(self.tools.blobs.local_path(made.blob_key)),
                    sources_path=stack.enter_context(self.tools.blobs.local_path(made.sources_key)),
                    mosaic=made,
                    model_id=self.tools.model_id,
                    calibration=self.tools.calibration,
                    sight=self._sight(made),
                    progress=self.tools.progress,
                )
            plain = widths_to_plain(measured.readings, made.grid.crs, self.tools.widths)
            content = json.dumps(plain).encode()
            digest = hashlib.sha256(content).hexdigest()
            self.tools.blobs.put_bytes(keys.widths_key(digest), content)

            def save(connection: Connection) -> Plain:
                turn = observations.next_turn(connection, self.survey.survey_id)
                observations.save(connection, measured.observations, turn=turn)
                return {}

            result = {**measured.facts, "widths_key": keys.widths_key(digest)}
            return Outcome(result=result, save=save)

        return once(self.tools, self.survey.survey_id, "measure", inputs, work, overwrites=True)

    def _sight(self, made: Orthomosaic) -> PhotoSight | None:
        """Say how the photos see the surface; None where widths are to come from the masks."""
        if self.tools.widths is None:
            return None
        key = keys.views_key(made.sha256)
        if not self.tools.blobs.exists(key):
            self.tools.progress.say("how the photos see the surface was not kept: widths of masks")
            return None
        plain = json.loads(self.tools.blobs.read_bytes(key))
        views, surface = viewfile.from_plain(plain, lent_photos(self.tools.blobs, self.photos))
        return PhotoSight(views=views, surface=surface, calibration=self.tools.widths)

    def _load_detections(self, key: str) -> Detections:
        with self.tools.blobs.local_path(key) as path:
            return load_detections(path)

    def _consolidate(self, made: Orthomosaic, detected: Entry) -> Entry:
        """Tie the sightings to the defects that the asset is known to have."""
        inputs = {
            "mosaic": made.sha256,
            "detections": str(detected.result["blob_key"]),
            "model": self.tools.model_id,
            "calibration": asdict(self.tools.calibration),
            "widths": asdict(self.tools.widths) if self.tools.widths else None,
        }

        def save(connection: Connection) -> Plain:
            # Reading what is known and writing what follows is one: two surveys of one asset that
            # are consolidated at the same moment would both call the same damage new.
            assets.lock(connection, self.asset.asset_id)
            # what another model saw on this mosaic, or an engineer drew, is known already
            seen = observations.of_run(
                connection, self.survey.survey_id, made.sha256, self.tools.model_id
            )
            now = self.tools.clock.now()
            return tie(connection, seen, asset_id=self.asset.asset_id, now=now).facts

        return once(
            self.tools,
            self.survey.survey_id,
            "consolidate",
            inputs,
            lambda: Outcome(result={}, save=save),
            overwrites=True,
        )

    def _issue(self) -> Entry:
        """Grade, prioritise and freeze the work list of what this survey saw."""
        now = self.tools.clock.now()
        survey_id = self.survey.survey_id
        with reading(self.tools.engine) as connection:
            versions = reviewqueue.versions(connection, survey_id)
            drawn, appraised = draw_up(connection, survey_id=survey_id, today=day_in_japan(now))
        frozen = freeze(drawn, survey_id=survey_id, now=now)

        def save(connection: Connection) -> Plain:
            workorders.save(connection, frozen)
            # grades hold rows of the queue, for which whoever grades one defect would wait in turn
            assets.lock(connection, self.asset.asset_id)
            proposed = up_to_date(
                connection,
                survey_id,
                candidates_of(appraised),
                versions=versions,
                clock=self.tools.clock,
            )
            grades.renew(connection, survey_id, proposed)
            return {}

        result = {
            "work_list_id": str(frozen.work_list_id),
            "rows": len(frozen.rows),
            "model": frozen.model,
        }
        inputs = {"work_list": str(frozen.work_list_id)}
        return once(
            self.tools,
            survey_id,
            "issue",
            inputs,
            lambda: Outcome(result=result, save=save),
            overwrites=True,
        )
