"""Read XML of strangers without entities or DTDs, and write it; elements by their local names.

Reading goes through defusedxml; only writing uses the standard library.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import (
    Element,
    ParseError,
    SubElement,
    indent,
    register_namespace,
    tostring,
)

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from flight.formats.numbering import number_in
from inspection.errors import BadInput

KML = "http://www.opengis.net/kml/2.2"


def parse(content: bytes, name: str) -> Element:
    """Parse a document.

    Raises:
        BadInput: when it is no XML, or has a DTD or entities in it.
    """
    try:
        root = fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise BadInput(f"{name} has a DTD or entities in it ({type(error).__name__})") from None
    except (ParseError, ValueError, LookupError) as error:
        raise BadInput(f"{name} is not XML: {str(error)[:120]}") from None
    if not isinstance(root, Element):
        raise BadInput(f"{name} has no root element")
    return root


def local(element: Element) -> str:
    """Give an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def children(element: Element | None, tag: str) -> Iterator[Element]:
    """Give the children of a local name; none of a missing element."""
    if element is not None:
        yield from (child for child in element if local(child) == tag)


def child(element: Element | None, *path: str) -> Element | None:
    """Follow local names down, the first of each."""
    for tag in path:
        element = next(children(element, tag), None)
    return element


def text_of(element: Element | None, *path: str) -> str | None:
    """Give the text at the end of a path, stripped; None where it is missing or empty."""
    found = child(element, *path)
    if found is None or found.text is None:
        return None
    return found.text.strip() or None


def number_of(element: Element | None, where: str, *path: str) -> float | None:
    """Give the number at the end of a path, None where it is missing.

    Raises:
        BadInput: when there is text that is no finite number.
    """
    text = text_of(element, *path)
    return None if text is None else number_in(text, where, path[-1])


def coordinates_of(text: str, where: str) -> list[tuple[float, ...]]:
    """Read KML coordinates: tuples of longitude, latitude and perhaps height.

    Raises:
        BadInput: when a tuple has not two or three numbers.
    """
    found = []
    for word in text.split():
        values = tuple(number_in(part, where, "coordinates") for part in word.split(","))
        if len(values) not in (2, 3):
            raise BadInput(
                f"{where}: coordinates {word[:40]!r} are not longitude,latitude[,height]"
            )
        found.append(values)
    return found


def add(parent: Element, tag: str, text: object = None, *, space: str = KML) -> Element:
    """Append a child with its text."""
    element = SubElement(parent, f"{{{space}}}{tag}")
    if text is not None:
        element.text = repr(text) if isinstance(text, float) else str(text)
    return element


def document(prefixes: dict[str, str]) -> tuple[Element, Element]:
    """Start a KML document, (root, Document)."""
    register_namespace("", KML)
    for prefix, space in prefixes.items():
        register_namespace(prefix, space)
    root = Element(f"{{{KML}}}kml")
    return root, add(root, "Document")


def serialise(root: Element) -> bytes:
    """Write a document as UTF-8."""
    indent(root)
    content: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return content + b"\n"
