"""Shapes of an orthomosaic: its grid, and the tiles that a viewer asks for."""

from pydantic import Field, JsonValue

from api.schemas.base import Shape


class TileGridOut(Shape):
    """Describe the mosaic's own tile pyramid; tile row 0 is at the top (as in XYZ).

    Level 0 is the coarsest; the last level shows native pixels.
    """

    url_template: str = Field(description="with {z}, {x}, {y}; changes when the mosaic changes")
    tile_size_px: int
    origin_surface_m: tuple[float, float] = Field(description="top-left corner of tile 0, 0")
    resolutions_m_per_px: list[float] = Field(description="by level, coarse to fine")
    extent_surface_m: tuple[float, float, float, float] = Field(
        description="left, bottom, right, top"
    )


class MosaicOut(Shape):
    """Show an orthomosaic."""

    sha256: str
    crs: str = Field(description="authority code or WKT; LOCAL when nothing ties it to the earth")
    georeferenced: bool
    width_px: int
    height_px: int
    gsd_mm_per_px: float
    gsd_uncertainty_ratio: float
    surface_from_px: tuple[float, float, float, float, float, float] = Field(
        description="a b c d e f: x = a·x_px + b·y_px + c, y = d·x_px + e·y_px + f, metres"
    )
    tiles: TileGridOut | None = Field(
        default=None, description="None when the grid is turned and has no tile pyramid"
    )
    defect_tiles: TileGridOut | None = Field(
        default=None,
        description="vector tiles of the defects; None where `tiles` is. Add the filter and the "
        "revision of the survey's queue as parameters",
    )
    webmercator_url_template: str | None = Field(
        default=None, description="XYZ tiles for GIS programs; None when not georeferenced"
    )
    facts: dict[str, JsonValue] = Field(description="registration report")
