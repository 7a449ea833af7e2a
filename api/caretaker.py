"""Look after uploads that nobody comes back for: finish what is complete, forget what expired."""

import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from types import TracebackType
from typing import Self

from fastapi import FastAPI

from api.deps import Services
from inspection.errors import TenkenError
from inspection.pipeline.gather import Gatherer
from inspection.store.scope import Scope, scoped

INTERVAL_S = 600.0
"""How often the rows are asked; at the start of the service too."""

ACTOR = "service"
"""Who stands in the audit log for what the service does by itself."""

log = logging.getLogger("tenken.api")


def gatherer_of(services: Services, *, in_the_name_of_the_service: bool = False) -> Gatherer:
    """Give what gathers uploads, in the name of who sent the request or of the service itself."""
    gatherer = Gatherer(
        engine=services.engine,
        blobs=services.blobs,
        scratch=services.scratch,
        terms=services.terms,
        examine=services.examine,
    )
    if not in_the_name_of_the_service:
        return gatherer
    scope = Scope(
        actor=ACTOR, action="finish_upload", at=services.clock.now(), own=None, visible=None
    )
    return replace(gatherer, engine=scoped(services.engine, scope))


class Caretaker:
    """Tidy uploads now and then, beside the service."""

    def __init__(self, services: Callable[[], Services], *, interval_s: float = INTERVAL_S) -> None:
        """Prepare; nothing runs yet."""
        self._services = services
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="caretaker", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; what is being tidied is finished first."""
        self._stop.set()
        self._thread.join()

    def once(self) -> tuple[int, int]:
        """Tidy; give how many uploads were finished and how many forgotten."""
        services = self._services()
        gatherer = gatherer_of(services, in_the_name_of_the_service=True)
        finished, expired = gatherer.tidy(services.clock.now())
        if finished or expired:
            log.info("%d uploads finished, %d expired", finished, expired)
        return finished, expired

    def _run(self) -> None:
        while True:
            try:
                self.once()
            except (TenkenError, OSError) as error:  # a disk that comes back must find us here
                log.warning("uploads cannot be tidied: %s", error)
            if self._stop.wait(self._interval_s):
                return


@asynccontextmanager
async def caring(app: FastAPI) -> AsyncIterator[None]:
    """Tidy for as long as an application runs."""
    with Caretaker(lambda: app.state.services):
        yield
