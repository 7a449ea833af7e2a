"""Read the bytes and words of a label file; what cannot be read is named, never a traceback."""

from pathlib import Path

from inspection.errors import BadInput


def read_bytes(path: Path) -> bytes:
    """Return the content of a label file.

    Raises:
        BadInput: The file cannot be read, or is a folder.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"label file {path.name} cannot be read: {error.strerror}") from error


def read_text(path: Path) -> str:
    """Return the text of a label file, UTF-8 with or without a byte-order mark.

    Raises:
        BadInput: The file cannot be read, or is in another encoding.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"label file {path.name} is not UTF-8 at byte {error.start}; save it as UTF-8"
        ) from error
