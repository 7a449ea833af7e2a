"""The pages of the review application: built files, served as they are."""

import re
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.exceptions import HTTPException

from api.content import IMMUTABLE, REVALIDATE
from api.errors import METHOD_NOT_ALLOWED, PAGES, methods_at
from inspection.errors import NotFound

DIST = Path(__file__).resolve().parents[1] / "web" / "dist"
"""Where ``make web`` puts the built pages."""

HASHED = re.compile(r"-[A-Za-z0-9_-]{8,}\.\w+$")
"""Names that the bundler made from the content: such a file never changes."""

NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Tenken</title>
<h1>Tenken 点検</h1>
<p>The service works, but its pages have not been built yet. Run <code>make web</code> in the
folder of the program and load this page again.</p>
<p>For programs: <a href="/openapi.json">API</a>,
<a href="/collections?f=json">OGC API – Features</a>.</p>
</html>
"""

router = APIRouter(include_in_schema=False)


def page(dist: Path) -> Response:
    """Give the one page of the application, or say how to build it."""
    index = dist / "index.html"
    if not index.is_file():
        return HTMLResponse(NOT_BUILT, headers={"Cache-Control": "no-store"})
    return FileResponse(index, media_type="text/html", headers={"Cache-Control": REVALIDATE})


def built_file(dist: Path, wanted: str) -> Path | None:
    """Find a built file by its address; None when there is none inside the folder."""
    folder = dist.resolve()
    try:
        found = (folder / wanted).resolve()
        return found if found.is_relative_to(folder) and found.is_file() else None
    except (OSError, ValueError):  # a name that no file can have: too long, or with a NUL
        return None


@router.get("/app")
@router.get("/app/{view:path}")
def application(request: Request, view: str = "") -> Response:
    """Serve the application under any address below /app: it reads the address itself."""
    return page(request.app.state.dist)


@router.get(PAGES)
def asset(request: Request, asset: str) -> Response:
    """Serve a built script, style or picture."""
    found = built_file(request.app.state.dist, asset)
    if found is None:
        if methods_at(request):  # there is something, to be reached with another method
            raise HTTPException(METHOD_NOT_ALLOWED)
        raise NotFound(f"there is nothing at /{asset}")
    caching = IMMUTABLE if HASHED.search(found.name) else REVALIDATE
    return FileResponse(found, headers={"Cache-Control": caching})
