"""Turn a picture into JPEG, which documents embed as it is."""

import io

from PIL import Image


def as_jpeg(content: bytes, *, quality: int = 82) -> bytes:
    """Give an encoded picture as JPEG; what is transparent becomes white."""
    with Image.open(io.BytesIO(content)) as opened:
        picture = opened.convert("RGBA")
    ground = Image.new("RGBA", picture.size, "white")
    written = io.BytesIO()
    Image.alpha_composite(ground, picture).convert("RGB").save(
        written, "JPEG", quality=quality, optimize=True
    )
    return written.getvalue()
