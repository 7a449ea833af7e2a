"""Put together what the road needs, from a home folder and a model: rows, blobs, detector, time."""

from dataclasses import replace
from pathlib import Path

from inspection.domain.measurement import UNCALIBRATED
from inspection.domain.widthcalibration import CONCRETE, WidthCalibration
from inspection.errors import BadInput
from inspection.imaging.nodeodm import NodeOdm
from inspection.pipeline.detect import Cut
from inspection.pipeline.ports import Progress
from inspection.pipeline.room import endless, room_here
from inspection.pipeline.tools import LEASE_S, SystemClock, Tools, as_they_are, this_process
from inspection.settings import DetectSettings, MosaicSettings, StoreSettings
from inspection.store.blobstore import blobs_of
from inspection.store.engine import create_engine, ensure_folder
from inspection.store.schema import upgrade
from models.calibration import load_calibration
from models.detector import BATCHES, arithmetic_of, choose_engine
from models.registry import DEFAULT_MODEL, folder_of, load_entry, model_id
from workers.rack import LazyDetector, Rack


def outfit(
    store: StoreSettings,
    detection: DetectSettings,
    *,
    progress: Progress,
    model: str = DEFAULT_MODEL,
    widths: WidthCalibration = CONCRETE,
    lease_s: float = LEASE_S,
    node: NodeOdm | None = None,
    rack: Rack | None = None,
) -> Tools:
    """Open the store, bring its tables up to date and name the model.

    Args:
        store: where rows and blobs lie.
        detection: how the model is run.
        progress: hears how far a step has come.
        model: name of the detector.
        widths: how the camera draws cracks.
        lease_s: silence after which whoever takes bands is taken for dead.
        node: makes mosaics elsewhere; None makes them here.
        rack: gives each survey the model that was chosen for it; None gives all the same.

    Raises:
        NotFound: when no such model is registered.
        Unavailable: when the database or a folder cannot be reached.
    """
    url = store.resolved_database_url()
    ensure_folder(url)
    upgrade(url)
    folder = folder_of(model, detection.models_dir)
    entry = load_entry(model, weights_dir=folder)
    calibration = load_calibration(entry)
    if calibration is None:
        progress.say(
            f"model {model} is not calibrated on cracks of known width: widths may be too large"
        )
    return Tools(
        engine=create_engine(url),
        blobs=blobs_of(store),
        load_detector=LazyDetector(model, folder, detection),
        model_id=model_id(entry, arithmetic_of(detection.engine, detection.precision)),
        calibration=calibration or UNCALIBRATED,
        widths=widths,
        clock=SystemClock(),
        progress=progress,
        work_dir=store.home / "work",
        node=node,
        room=room_here if store.demand_room else endless,
        batch=detection.batch or BATCHES[choose_engine(detection.engine)],
        cut=Cut(band_chips=detection.band_chips),
        taker=replace(this_process(), lease_s=lease_s),
        fit=as_they_are if rack is None else rack.fit,
    )


def node_of(settings: MosaicSettings) -> NodeOdm | None:
    """Name the node that makes mosaics, None where this machine makes them itself.

    Raises:
        BadInput: when a node is to make them and nobody says which.
    """
    if settings.engine == "embedded":
        return None
    if settings.nodeodm_url is None:
        raise BadInput("the engine nodeodm needs TENKEN_MOSAIC_NODEODM_URL, like http://host:3000/")
    return NodeOdm(url=settings.nodeodm_url.get_secret_value())


def home_settings(home: Path) -> StoreSettings:
    """Keep rows and blobs in one folder, whatever the environment says."""
    return StoreSettings(home=home, database_url=None, blobs_url=None)
