"""Read JSON of strangers: finite numbers only, bounded depth, typed access with a place to name."""

import json
from collections.abc import Mapping, Sequence

from flight.formats.numbering import check_place, command_of, finite
from inspection.errors import BadInput

Json = Mapping[str, object]


def parse(text: str, name: str) -> Json:
    """Parse a JSON object.

    Raises:
        BadInput: when it is no JSON, not an object, too deep, or has NaN or infinity in it.
    """

    def refuse(constant: str) -> object:
        raise BadInput(f"{name}: {constant} is not a number of JSON; write null or 0")

    try:
        value = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{name} is not JSON: {str(error)[:120]}") from None
    if r"\ud" in text.lower():
        _refuse_half_characters(value, name)
    return mapping(value, name)


def _refuse_half_characters(value: object, name: str) -> None:
    r"""Refuse a lone ``\udxxx``, which JSON can spell but no file can be written with."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        raise BadInput(
            rf"{name}: a text holds half of a character (\udxxx alone); correct it in the file"
        ) from None


def mapping(value: object, where: str) -> Json:
    """Check that a value is an object.

    Raises:
        BadInput: otherwise.
    """
    if not isinstance(value, dict):
        raise BadInput(f"{where} is {type(value).__name__}, not an object")
    return value


def sequence(value: object, where: str, *, length: int | None = None) -> Sequence[object]:
    """Check that a value is a list, of so many entries where that is said.

    Raises:
        BadInput: otherwise.
    """
    if not isinstance(value, list):
        raise BadInput(f"{where} is {type(value).__name__}, not a list")
    if length is not None and len(value) != length:
        raise BadInput(f"{where} has {len(value)} entries, expected {length}")
    return value


def number(value: object, where: str) -> float:
    """Check that a value is a finite number.

    Raises:
        BadInput: otherwise.
    """
    return finite(value, where, "the value")


def optional(part: Json, key: str, where: str) -> float | None:
    """Give the number of a key, None where it is missing or null.

    Raises:
        BadInput: when it is something else.
    """
    value = part.get(key)
    return None if value is None else number(value, f"{where}: {key}")


def whole(value: object, where: str) -> int:
    """Check that a value is a whole number.

    Raises:
        BadInput: otherwise.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput(f"{where} is {value!r:.40}, not a whole number")
    return value


def command(value: object, where: str) -> int:
    """Check that a value is the number of a command.

    Raises:
        BadInput: otherwise.
    """
    return command_of(whole(value, f"{where}: command"), where)


def truth(value: object, where: str) -> bool:
    """Check that a value is true or false.

    Raises:
        BadInput: otherwise.
    """
    if not isinstance(value, bool):
        raise BadInput(f"{where} is {value!r:.40}, not true or false")
    return value


def latlon(value: object, where: str) -> tuple[float, float]:
    """Read [latitude, longitude] in degrees.

    Raises:
        BadInput: when it is not two numbers of a place on Earth.
    """
    lat, lon = sequence(value, where, length=2)
    return check_place(number(lat, where), number(lon, where), where)
