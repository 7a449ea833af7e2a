"""Have a NodeODM or ClusterODM make an orthophoto; the only module that imports pyodm.

A task is known by an identifier that follows from what goes into it (``set-uuid`` of the API), so
whoever asks again, after a crash or on another machine, finds the task instead of beginning anew.

Source: NodeODM API 2.2 (docs/index.adoc of OpenDroneMap/NodeODM).
"""

import shutil
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspection.domain.mission import TENKEN_NAMESPACE
from inspection.errors import BadInput, Broken, Unavailable
from inspection.imaging.photofile import PhotoFile, at_hand
from inspection.redaction import scrubbed

ORTHOPHOTO = "odm_orthophoto/odm_orthophoto.tif"
SHOTS = "odm_report/shots.geojson"
"""What is fetched; the first must be there."""

POLL_S = 5.0
"""How often the node is asked how far it is."""

TRIES_MAX = 20
"""How many failed tasks of the same inputs are looked past before giving up."""

PATIENCE = 60
"""How many questions in a row may stay without an answer: five minutes."""

Hear = Callable[[float], None]
"""Hears how far the task is, per cent; may raise to stop waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOdm:
    """Reach a node.

    Attributes:
        url: like ``http://host:3000/?token=…``.
        poll_s: how often it is asked how far it is.
    """

    url: str
    poll_s: float = POLL_S

    def make(
        self,
        digest: str,
        files: Sequence[PhotoFile],
        options: Mapping[str, object],
        *,
        into: Path,
        hear: Hear,
    ) -> tuple[Path, Path | None]:
        """Have an orthophoto made, or find it made; give it and the places of photos, if any.

        Args:
            digest: of all that goes into the task.
            files: photos; their names must differ.
            options: of ODM.
            into: folder for what is fetched.
            hear: hears how far it is.

        Raises:
            BadInput: when the node gave up on these photos.
            Unavailable: when it cannot be reached, or refuses.
            Broken: when what it delivers is no result.
        """
        with _translated():
            task = self._task(digest, files, options, into=into / "photos", hear=hear)
            self._wait(task, hear)
            return _fetched(task, into)

    def _task(
        self,
        digest: str,
        files: Sequence[PhotoFile],
        options: Mapping[str, object],
        *,
        into: Path,
        hear: Hear,
    ) -> Any:  # noqa: ANN401 pyodm has no types
        """Find the task of these inputs that is on its way or done, or begin it."""
        from pyodm import Node  # noqa: PLC0415  # an extra: only who uses it needs it
        from pyodm.exceptions import NodeResponseError  # noqa: PLC0415

        node = Node.from_url(self.url)
        for number in range(TRIES_MAX):
            name = str(uuid.uuid5(TENKEN_NAMESPACE, f"nodeodm {digest} {number}"))
            task = node.get_task(name)
            state = _state(task)
            if state in ("QUEUED", "RUNNING", "COMPLETED"):
                return task
            if state is not None or _is_half(node, name):
                continue  # failed, cancelled, or begun by one who died: that name is spent
            hear(0.0)
            try:
                with at_hand(files, into) as paths:
                    return node.create_task(
                        [str(path) for path in paths],
                        dict(options),
                        name=f"tenken {digest[:12]}",
                        skip_post_processing=True,
                        outputs=[ORTHOPHOTO, SHOTS],
                        task_uuid=name,
                    )
            except NodeResponseError as error:
                if "set-uuid" not in str(error).lower():
                    raise  # else somebody was faster with the same photos
        raise Unavailable(
            f"NodeODM has {TRIES_MAX} tasks of these photos that failed or were left half; remove "
            "them there"
        )

    def _wait(self, task: Any, hear: Hear) -> None:  # noqa: ANN401
        """Wait until a task is done."""
        from pyodm.exceptions import NodeConnectionError  # noqa: PLC0415

        silent = 0
        while True:
            try:
                info = task.info()
                silent = 0
            except NodeConnectionError:
                silent += 1
                if silent > PATIENCE:
                    raise
            else:
                if info.status.name in ("FAILED", "CANCELED"):
                    raise BadInput(_gave_up(task, info))
                hear(100.0 if info.status.name == "COMPLETED" else float(info.progress))
                if info.status.name == "COMPLETED":
                    return
            time.sleep(self.poll_s)


def _state(task: Any) -> str | None:  # noqa: ANN401
    """Say how far a task is, None when the node does not know it."""
    from pyodm.exceptions import NodeResponseError  # noqa: PLC0415

    try:
        return str(task.info().status.name)
    except NodeResponseError as error:
        if "not found" in str(error).lower():
            return None
        raise


def _is_half(node: Any, name: str) -> bool:  # noqa: ANN401
    """Tell whether files are arriving under a name, or were, from somebody who died.

    A name in that state must not be begun again: NodeODM 2.2 falls over it.
    """
    from pyodm.exceptions import NodeResponseError  # noqa: PLC0415

    try:
        node.post(f"/task/new/upload/{name}")  # without a file
    except NodeResponseError as error:
        return "not found" not in str(error).lower()
    return True


def _gave_up(task: Any, info: Any) -> str:  # noqa: ANN401
    """Say why a node gave up, with the last that it said."""
    last = [line.strip() for line in task.output(-3) if line.strip()]
    why = info.last_error or ("it was cancelled there" if info.status.name == "CANCELED" else "")
    return scrubbed(
        f"NodeODM gave up on task {task.uuid}: {why or 'without a reason'}"
        f"{' · '.join(['', *last])}; fly with more overlap, or use the embedded engine"
    )


def _fetched(task: Any, into: Path) -> tuple[Path, Path | None]:  # noqa: ANN401
    """Fetch the result, and take out of it what is wanted."""
    archive_path = into / "all.zip"
    with (
        task.get(f"/task/{task.uuid}/download/all.zip", stream=True) as answer,
        archive_path.open("wb") as file,
    ):
        for block in answer.iter_content(1 << 20):
            file.write(block)
    try:
        with zipfile.ZipFile(archive_path) as archive:
            orthophoto = _taken(archive, ORTHOPHOTO, into / "node-orthophoto.tif")
            shots = _taken(archive, SHOTS, into / "shots.geojson")
    except zipfile.BadZipFile as error:
        raise Broken(f"NodeODM delivered no archive: {error}; ask again") from error
    finally:
        archive_path.unlink()
    if orthophoto is None:
        raise Broken(f"NodeODM delivered no {ORTHOPHOTO}; does its engine make orthophotos?")
    return orthophoto, shots


def _taken(archive: zipfile.ZipFile, member: str, target: Path) -> Path | None:
    """Take one file out of an archive; None when it is not in it."""
    try:
        info = archive.getinfo(member)
    except KeyError:
        return None
    free = shutil.disk_usage(target.parent).free
    if info.file_size > free:
        raise Unavailable(
            f"{member} of NodeODM has {info.file_size / 1e6:.0f} MB, {free / 1e6:.0f} MB are free; "
            "free some space"
        )
    with archive.open(info) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    return target


@contextmanager
def _translated() -> Iterator[None]:
    """Translate what pyodm and the network say."""
    try:
        from pyodm.exceptions import NodeConnectionError, OdmError  # noqa: PLC0415
        from requests.exceptions import RequestException  # noqa: PLC0415
    except ImportError as error:
        raise Unavailable(
            "the engine nodeodm needs pyodm: pip install 'tenken[nodeodm]'"
        ) from error
    try:
        yield
    except NodeConnectionError as error:
        raise Unavailable(f"NodeODM cannot be reached: {scrubbed(str(error))}") from error
    except (OdmError, RequestException) as error:
        raise Unavailable(
            f"NodeODM refuses: {scrubbed(str(error))}; is TENKEN_MOSAIC_NODEODM_URL right, and its "
            "token?"
        ) from error
    except OSError as error:
        raise Unavailable(f"what NodeODM sends cannot be kept: {error.strerror}") from error
