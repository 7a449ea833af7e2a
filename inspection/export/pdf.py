"""Turn a page in HTML into a PDF file; WeasyPrint is imported here only.

Nothing is loaded from anywhere: pictures are embedded, and every other address is refused.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from inspection.errors import Broken, Unavailable
from inspection.export.fonts import Font, japanese_font
from inspection.export.writing import replacing

PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


def render_page(template: str, *, font: Font, **values: object) -> str:
    """Render a template; everything from outside is escaped, and printable in the font."""

    def finalize(value: object) -> object:
        return font.shown(value) if type(value) is str else value

    environment = Environment(
        loader=PackageLoader("inspection.export"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalize,
    )
    return environment.get_template(template).render(font_family=font.family, **values)


def write_pdf(template: str, path: Path, **values: object) -> None:
    """Write a PDF file from a template; it is complete or not there.

    Args:
        template: name of a template beside this module.
        path: where.
        values: what the template shows.

    Raises:
        Unavailable: when Pango or a Japanese font is missing, or the folder cannot be written.
        Broken: when the page cannot be laid out.
    """
    font = japanese_font()
    page = render_page(template, font=font, **values)
    content = _laid_out(page)
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def load_engine(load: Callable[[], Any] | None = None) -> Any:  # noqa: ANN401 a module
    """Import WeasyPrint, or say what it needs.

    Raises:
        Unavailable: when its libraries are missing.
    """
    try:
        return load() if load else __import__("weasyprint")
    except (ImportError, OSError) as error:
        raise Unavailable(
            f"PDF files cannot be written here: {str(error).splitlines()[0]}; install Debian's "
            f"packages {PACKAGES} (make services does)"
        ) from error


def _laid_out(page: str) -> bytes:
    engine = load_engine()
    # only what is embedded in the page itself; a name in a register is no address to visit
    fetcher = engine.URLFetcher(allowed_protocols=["data"], fail_on_errors=True)
    document = engine.HTML(string=page, url_fetcher=fetcher)
    content = document.write_pdf()
    if not content.startswith(b"%PDF"):
        raise Broken("the layout program gave no PDF")
    return bytes(content)
