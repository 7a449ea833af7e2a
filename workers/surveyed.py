"""Open what a run left behind: by the folder of its results, or by survey in the store."""

import hashlib
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspection.domain.defect import Observation
from inspection.domain.raster import Orthomosaic
from inspection.errors import BadInput, Broken, NotFound
from inspection.imaging.photofile import PhotoFile
from inspection.pipeline.lending import lent
from inspection.pipeline.ports import BlobStore
from inspection.settings import StoreSettings
from inspection.store import keys, orthomosaics, reviewqueue
from inspection.store.blobstore import blobs_of
from inspection.store.engine import create_engine, reading
from workers.outfit import home_settings

STORE_FOLDER = "store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """Carry one finished survey.

    Attributes:
        survey_id: identifier.
        mosaic: its orthomosaic.
        seen: the damages that stand on it, as people have decided them.
        blobs: where its files lie.
        folder: of the results; where new results go when nothing else is said.
    """

    survey_id: uuid.UUID
    mosaic: Orthomosaic
    seen: tuple[Observation, ...]
    blobs: BlobStore
    folder: Path

    @contextmanager
    def mosaic_path(self) -> Iterator[Path]:
        """Lend the file of the orthomosaic."""
        with self.blobs.local_path(self.mosaic.blob_key) as path:
            yield path

    def views(self) -> dict[str, Any]:
        """Give how the photos see the surface, plain values.

        Raises:
            NotFound: when the mosaic was made by a version that did not keep them.
            Broken: when the file is damaged.
        """
        key = keys.views_key(self.mosaic.sha256)
        if not self.blobs.exists(key):
            raise NotFound(
                f"survey {self.survey_id} does not say how its photos see the surface; it was made "
                "by an earlier version: run it again into a new folder"
            )
        try:
            plain: dict[str, Any] = json.loads(self.blobs.read_bytes(key))
            _ = [str(view["sha256"]) for view in plain["views"]]
        except (ValueError, LookupError, TypeError) as error:
            raise Broken(
                f"blob {key!r} is damaged ({error!r}); run survey {self.survey_id} again into a "
                "new folder"
            ) from error
        return plain


def open_survey(where: str) -> Surveyed:
    """Open a folder of results, or a survey of the configured store by its identifier.

    Raises:
        NotFound: when there is no such folder or survey, or it has no mosaic.
        BadInput: when ``where`` is neither a folder of results nor an identifier.
    """
    folder = Path(where)
    if folder.is_dir():
        survey_id = _survey_of(folder)
        settings = home_settings(folder / STORE_FOLDER)
        if not settings.home.is_dir():
            raise NotFound(f"{folder} has no folder {STORE_FOLDER!r}; copy the whole result folder")
    else:
        try:
            survey_id = uuid.UUID(where)
        except ValueError as error:
            raise BadInput(
                f"{where!r} is neither a folder that 'tenken run' wrote nor a survey's identifier"
            ) from error
        settings, folder = StoreSettings(), Path("out") / where
    engine = create_engine(settings.resolved_database_url())
    try:
        with reading(engine) as connection:
            mosaic = orthomosaics.of_survey(connection, survey_id)
            seen = reviewqueue.standing_sightings(connection, survey_id, mosaic.sha256)
    finally:
        engine.dispose()
    return Surveyed(
        survey_id=survey_id,
        mosaic=mosaic,
        seen=seen,
        blobs=blobs_of(settings),
        folder=folder,
    )


def photo_files(surveyed: Surveyed, wanted: set[str], folder: Path | None) -> dict[str, PhotoFile]:
    """Find the files of photos by sha256: in a folder if one is named, else in the store.

    Those of the store are lent when they are read.
    """
    if folder is not None:
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        digests = {_digest(path): path for path in files}
        return {sha256: digests[sha256] for sha256 in wanted if sha256 in digests}
    return {
        sha256: lent(surveyed.blobs, key)
        for sha256 in wanted
        for key in surveyed.blobs.keys(f"photos/{sha256[:2]}/{sha256}")
    }


def _survey_of(folder: Path) -> uuid.UUID:
    """Read the identifier of the survey from the results of a run."""
    try:
        return uuid.UUID(json.loads((folder / "run.json").read_text(encoding="utf-8"))["survey_id"])
    except FileNotFoundError as error:
        raise NotFound(f"{folder} holds no run.json; name a folder of 'tenken run'") from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(f"{folder / 'run.json'} names no survey: {error!r}") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
