"""Hold the models that this worker can load: hand out the one that was chosen, say what there is.

What the machine has lies in folders; what an admin uploaded lies in the blob store and is fetched
when it is needed. A model is known by the digest of its network: another one of the same name is
never used in its place.
"""

import logging
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from inspection.domain.measurement import UNCALIBRATED
from inspection.domain.modelref import ModelRef, Offer, Origin
from inspection.errors import Broken, NotFound, TenkenError, Unavailable
from inspection.export.writing import replacing
from inspection.pipeline.ports import BlobStore, Clock, Detector
from inspection.pipeline.tools import Tools
from inspection.settings import DetectSettings
from inspection.store import modelchoices, offers, ownmodels
from inspection.store.engine import reading, writing
from inspection.store.offers import Offered
from inspection.store.ownmodels import OwnModel
from models.calibration import load_calibration
from models.detector import arithmetic_of, load_detector
from models.registry import (
    DEFAULT_MODEL,
    WEIGHTS_DIR,
    ModelEntry,
    answers_of,
    folder_of,
    list_names,
    load_entry,
    model_id,
    write_entry,
)

INTERVAL_S = 30.0
"""How often a worker says what it can load; see ``inspection.domain.modelref.ALIVE``."""

log = logging.getLogger("tenken.worker")


class LazyDetector:
    """Load a detector when it is first asked for, and then keep it."""

    def __init__(self, name: str, folder: Path, settings: DetectSettings) -> None:
        """Name what is to be loaded."""
        self._name = name
        self._folder = folder
        self._settings = settings
        self._loaded: Detector | None = None

    def __call__(self) -> Detector:
        """Give the detector."""
        if self._loaded is None:
            self._loaded = load_detector(
                self._name,
                engine=self._settings.engine,
                precision=self._settings.precision,
                threads=self._settings.threads,
                weights_dir=self._folder,
            )
        return self._loaded


class Rack:
    """Give the tools the model that somebody chose; the last one stays loaded."""

    def __init__(self, settings: DetectSettings) -> None:
        """Hold the models of this machine and what was uploaded."""
        self._settings = settings
        self._last: tuple[tuple[str, Path], LazyDetector] | None = None

    def fit(self, tools: Tools, survey_id: UUID) -> Tools:
        """Give the tools with the model that a survey names, or its organisation, or as they are.

        Raises:
            Unavailable: when this worker does not have that model.
        """
        with reading(tools.engine) as connection:
            chosen = modelchoices.of_survey(connection, survey_id)
        if chosen is None:
            return tools
        who = "the survey" if chosen.for_survey else "the organisation"
        try:
            return self.equip(tools, chosen.ref)
        except TenkenError as error:
            raise Unavailable(f"{who} is to be processed with {chosen.ref.label}: {error}") from (
                error
            )

    def equip(self, tools: Tools, ref: ModelRef) -> Tools:
        """Give the tools with a model.

        Raises:
            Unavailable: when this worker does not have it, or has another one of that name.
        """
        entry = self._entry(tools, ref)
        if entry.sha256 != ref.sha256:
            raise Unavailable(
                f"this worker's {ref.name} has sha256 {entry.sha256[:12]}, chosen was "
                f"{ref.sha256[:12]}: the file was exchanged; choose the model anew"
            )
        if not ref.is_met(entry.sha256, answers_of(entry)):
            raise Unavailable(
                f"this worker's {ref.name} is described otherwise than when it was chosen "
                "(thresholds or classes); choose the model anew"
            )
        arithmetic = arithmetic_of(self._settings.engine, self._settings.precision)
        named = model_id(entry, arithmetic)
        if named == tools.model_id:
            return tools
        folder = entry.onnx_path.parent
        if self._last is None or self._last[0] != (named, folder):
            self._last = (named, folder), LazyDetector(entry.name, folder, self._settings)
        return replace(
            tools,
            load_detector=self._last[1],
            model_id=named,
            calibration=load_calibration(entry) or UNCALIBRATED,
        )

    def _entry(self, tools: Tools, ref: ModelRef) -> ModelEntry:
        try:
            if ref.own_model_id is None:
                folder = folder_of(ref.name, self._settings.models_dir)
                return load_entry(ref.name, weights_dir=folder)
            with reading(tools.engine) as connection:
                model = ownmodels.by_id(connection, ref.own_model_id)
            return fetched(model, tools.blobs, networks_in(tools.work_dir))
        except NotFound as error:
            raise Unavailable(f"{error}; choose another model, or bring it back") from error


def networks_in(work_dir: Path) -> Path:
    """Name the folder of the uploaded networks that this worker has fetched."""
    return work_dir / "networks"


def fetched(model: OwnModel, blobs: BlobStore, parent: Path) -> ModelEntry:
    """Fetch an uploaded network out of the blob store, once, and describe it.

    A copy here that was damaged since is fetched anew.

    Raises:
        NotFound: when it was not taken in, or is not there any more.
        Broken: when it is damaged where it is kept.
    """
    name, folder = model.described.name, parent / str(model.own_model_id)
    if not model.network_key:
        raise NotFound(f"model {name} has not been taken in")
    if name in list_names(folder):
        try:
            return load_entry(name, weights_dir=folder)
        except Broken as error:
            log.warning("%s; it is fetched again", error)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.onnx"
    with blobs.local_path(model.network_key) as kept, replacing(path) as temporary:
        shutil.copyfile(kept, temporary)  # what a bucket lends is not there for ever
    write_entry(
        ModelEntry(
            name=name,
            onnx_path=path,
            sha256=model.sha256,
            classes=model.described.form.classes,
            thresholds=model.described.thresholds,
            size_multiple_px=model.described.size_multiple_px,
            gsd_range_mm_per_px=model.described.gsd_range_mm_per_px,
            licence=model.described.licence,
            card_path=path.with_suffix(".md"),
        )
    )
    return load_entry(name, weights_dir=folder)


def forget_withdrawn(there: Iterable[Path], usable: Iterable[OwnModel]) -> None:
    """Remove what was fetched of uploads that are not used any more.

    Args:
        there: folders of ``networks_in``, listed before ``usable`` was read: what is taken in and
            fetched in between must stay.
        usable: the uploads that stand.
    """
    standing = {str(model.own_model_id) for model in usable}
    for folder in there:
        if folder.name not in standing:
            shutil.rmtree(folder, ignore_errors=True)


class Publisher:
    """Say which models this worker can load, at its start and again while it lives."""

    def __init__(
        self,
        engine: Engine,
        blobs: BlobStore,
        clock: Clock,
        *,
        worker: str,
        models_dir: Path,
        work_dir: Path,
    ) -> None:
        """Prepare to speak for a worker."""
        self._networks = networks_in(work_dir)
        self._engine = engine
        self._blobs = blobs
        self._clock = clock
        self._worker = worker
        self._folders = {Origin.SHIPPED: WEIGHTS_DIR, Origin.MACHINE: models_dir}
        self._told: object = None
        self._guard = threading.Lock()

    def once(self) -> None:
        """Say what there is; where nothing changed, only that this worker lives.

        Raises:
            Unavailable: when the database cannot be reached, or a folder cannot be read.
        """
        with self._guard:
            now = self._clock.now()
            fetched_before = list(self._networks.glob("*"))
            with reading(self._engine) as connection:
                uploads = ownmodels.usable(connection)
            forget_withdrawn(fetched_before, uploads)
            found = self._signature(uploads)
            with writing(self._engine) as connection:
                if found == self._told and offers.touch(connection, self._worker, now):
                    return
            offered = [*self._of_machine(), *map(self._of_upload, uploads)]
            with writing(self._engine) as connection:
                offers.publish(connection, self._worker, offered, now)
            self._told = found

    def now(self) -> None:
        """Say what there is, or the log why that cannot be said now."""
        try:
            self.once()
        except (TenkenError, OSError) as error:  # a disk that comes back must find us here
            log.warning("models: %s", error)

    def run(self, stop: threading.Event, interval_s: float = INTERVAL_S) -> None:
        """Say it again and again, until told to stop."""
        while not stop.wait(interval_s):
            self.now()

    def _signature(self, uploads: tuple[OwnModel, ...]) -> object:
        """Give what differs when files were changed; nothing is read."""
        files = []
        for folder in self._folders.values():
            for path in sorted(folder.glob("*.*")):
                with suppress(OSError):  # exchanged at this moment; told when it is read
                    kept = path.stat()
                    files.append((path.name, kept.st_mtime_ns, kept.st_size))
        return files, [(one.own_model_id, self._blobs.exists(one.network_key)) for one in uploads]

    def _of_machine(self) -> Iterator[Offered]:
        for origin, folder in self._folders.items():
            for name in list_names(folder):
                yield _offered(self._worker, name, folder, origin, self._clock)

    def _of_upload(self, model: OwnModel) -> Offered:
        is_there = self._blobs.exists(model.network_key)
        offer = Offer(
            worker=self._worker,
            key=str(model.own_model_id),
            sha256=model.sha256,
            origin=Origin.UPLOADED,
            fault="" if is_there else "its network is not in the blob store any more",
            seen_at=self._clock.now(),
        )
        return Offered(offer=offer, card={})


def _offered(worker: str, name: str, folder: Path, origin: Origin, clock: Clock) -> Offered:
    """Say whether a model of this machine can be loaded, and what its card says in short."""
    sha256, answers, fault, card = "", "", "", dict[str, Any]()
    try:
        entry = load_entry(name, weights_dir=folder)
        sha256, answers, card = entry.sha256, answers_of(entry), dict(card_of(entry))
    except TenkenError as error:
        fault = str(error)
    except OSError as error:  # a file that went while it was read, or may not be read
        fault = f"model {name} cannot be read: {error.strerror}"
    offer = Offer(
        worker=worker,
        key=name,
        sha256=sha256,
        origin=origin,
        fault=fault,
        seen_at=clock.now(),
        answers=answers,
    )
    return Offered(offer=offer, card=card)


def card_of(entry: ModelEntry) -> Mapping[str, Any]:
    """Give what people want to know of a model before they choose it."""
    return {
        "classes": list(entry.classes[1:]),
        "thresholds": dict(entry.thresholds),
        "gsd_range_mm_per_px": list(entry.gsd_range_mm_per_px),
        "licence": entry.licence,
        "is_calibrated": load_calibration(entry) is not None,
        "is_default": entry.name == DEFAULT_MODEL,
    }
