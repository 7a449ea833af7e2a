"""Mission files of other programs, read as a Mission and written from one, losses reported."""

from flight.formats.files import Reading, open_mission, read_mission, write_mission
from flight.formats.loss import Loss

__all__ = ["Loss", "Reading", "open_mission", "read_mission", "write_mission"]
