"""Run errands: take in a model that was uploaded, or try one on a mosaic."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from uuid import UUID

from sqlalchemy import Connection

from inspection.domain.modelref import ModelRef
from inspection.errors import BadInput, Broken, TenkenError, Unavailable
from inspection.pipeline.tools import LEASE_S, Tools
from inspection.pipeline.tryout import try_out
from inspection.pipeline.workshop import workshop
from inspection.store import errands, keys, ownmodels, trials
from inspection.store.engine import reading, writing
from inspection.store.job import Errand, JobState
from inspection.store.manifest import file_sha256
from inspection.store.ownmodels import OwnModel
from inspection.telemetry import about
from models.enter import enter_apart
from workers.holding import Held

ErrandKind = Callable[[UUID, Tools], object]
ErrandKinds = Mapping[str, ErrandKind]

BEATS = 4
"""How often the lease is renewed while it lasts."""

log = logging.getLogger("tenken.worker")


def run_errand(
    tools: Tools,
    job_id: UUID,
    kinds: ErrandKinds,
    *,
    worker: str,
    lease_s: float = LEASE_S,
) -> bool:
    """Do an errand if it is due; give whether there was anything to do.

    Args:
        tools: what the work needs.
        job_id: of the errand.
        kinds: what each kind does; none at all means that this worker does no errands.
        worker: who works.
        lease_s: silence after which this worker is taken for dead.

    Raises:
        NotFound: when there is no such errand.
    """
    if not kinds:
        return False
    with writing(tools.engine) as connection:
        claimed = errands.claim(connection, job_id, worker, tools.clock.now(), lease_s)
        given_up = ""
        if claimed is None:  # perhaps because everybody who tried fell silent
            given_up = _forgo(connection, errands.by_id(connection, job_id))
    if claimed is None:
        _let_go(given_up, tools)
        return False
    held = HeldErrand(tools, claimed, errands, lease_s=lease_s, beat_s=lease_s / BEATS)
    with about(job_id=job_id), held:
        log.info("job %s: %s of %s begins", job_id, claimed.kind, claimed.subject_id)
        todo = kinds.get(claimed.kind)
        if todo is None:
            raise Broken(f"this worker does not know errands of kind {claimed.kind!r}; upgrade it")
        todo(claimed.subject_id, replace(tools, progress=held.progress, warrant=held))
    _let_go(held.given_up, tools)
    return True


class HeldErrand(Held[Errand]):
    """Hold an errand; when it is dead, the file of the upload that it was about may go."""

    given_up = ""
    """Where that file lies; empty for none."""

    def mourn(self, connection: Connection, ended: Errand) -> None:
        """Keep no file that nobody will try to take in any more."""
        self.given_up = _forgo(connection, ended)


def _forgo(connection: Connection, errand: Errand) -> str:
    """Give up the file of an upload when no attempt to take it in is left; say where it lies."""
    if errand.kind != errands.REGISTER or errand.state is not JobState.DEAD:
        return ""
    return ownmodels.refuse(connection, errand.subject_id)


def errand_kinds(
    equip: Callable[[Tools, ModelRef], Tools], publish: Callable[[], None]
) -> ErrandKinds:
    """Say what each kind of errand does.

    Args:
        equip: gives the tools with a model.
        publish: says anew what this worker can load.
    """

    def register_and_publish(own_model_id: UUID, tools: Tools) -> None:
        register(own_model_id, tools)
        try:
            publish()
        except TenkenError as error:  # it is taken in; the next round of the worker says so
            log.warning("models: %s", error)

    return {
        errands.REGISTER: register_and_publish,
        errands.TRY: partial(_try, equip),
    }


def register(own_model_id: UUID, tools: Tools) -> None:
    """Take in a network that was uploaded: it is opened and tried in processes of their own.

    Whoever does it again, because an attempt ended after its result was kept, finds it done.

    Raises:
        BadInput: when it cannot be taken in.
        Conflict: when it was withdrawn meanwhile.
        Unavailable: when this machine cannot read ONNX files.
    """
    with reading(tools.engine) as connection:
        model = ownmodels.by_id(connection, own_model_id)
    waiting = keys.quarantine_key(own_model_id, model.file_sha256)
    tools.progress.start("register", 2)
    if not model.sha256:
        _take_in(model, tools)
    _let_go(waiting, tools)
    tools.progress.advance()


def _take_in(model: OwnModel, tools: Tools) -> None:
    """Adopt and try the file of an upload, and keep the network that comes out."""
    with (
        workshop(tools.work_dir, model.own_model_id) as folder,
        tools.blobs.local_path(model.file_key) as file,
    ):
        if file_sha256(file) != model.file_sha256:
            raise BadInput(f"the file of {model.described.name} is damaged; upload it again")
        entered = enter_apart(file, model.described, folder)
        tools.progress.advance()
        key = keys.network_key(entered.entry.sha256)
        tools.blobs.put_file(key, entered.entry.onnx_path)
    with writing(tools.engine) as connection:
        tools.warrant.commit(connection)
        ownmodels.take_in(
            connection,
            model.own_model_id,
            sha256=entered.entry.sha256,
            network_key=key,
            mpx_per_s=entered.found.mpx_per_s,
            dead=entered.found.dead,
        )


def _let_go(file_key: str, tools: Tools) -> None:
    """Remove a file from quarantine that no row names any more; empty for none.

    What cannot be removed now is found by whoever looks for blobs on which nothing rests.
    """
    if not file_key:
        return
    try:
        tools.blobs.delete(file_key)
    except Unavailable as error:
        log.warning("%s", error)


def _try(equip: Callable[[Tools, ModelRef], Tools], trial_id: UUID, tools: Tools) -> None:
    """Do a trial with the model that it names."""
    with reading(tools.engine) as connection:
        ref = trials.by_id(connection, trial_id).ref
    try_out(trial_id, equip(tools, ref))
