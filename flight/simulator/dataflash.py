"""Write a dataflash log as ArduPilot does, binary (``.BIN``) or as text (``.log``).

Source: ArduPilot AP_Logger (header A3 95, FMT records, field letters); record formats as in the
ArduCopter 4.7 log that comes with the project's data.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from inspection.errors import BadInput

HEAD = b"\xa3\x95"
LETTERS = {
    "b": "b",
    "B": "B",
    "c": "h",
    "C": "H",
    "e": "i",
    "E": "I",
    "f": "f",
    "H": "H",
    "I": "I",
    "L": "i",
    "M": "B",
    "n": "4s",
    "N": "16s",
    "Q": "Q",
    "Z": "64s",
}
"""Field letters as struct codes; c C e E are hundredths, L is degrees · 10⁷."""

HUNDREDTHS = frozenset("cCeE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """Describe one kind of record."""

    number: int
    name: str
    letters: str
    columns: str

    @property
    def packing(self) -> str:
        """Give the struct code of the fields."""
        return "<" + "".join(LETTERS[letter] for letter in self.letters)

    @property
    def length(self) -> int:
        """Give the bytes of a record, header included."""
        return 3 + struct.calcsize(self.packing)


FORMATS = {
    f.name: f
    for f in (
        Format(number=128, name="FMT", letters="BBnNZ", columns="Type,Length,Name,Format,Columns"),
        Format(number=32, name="PARM", letters="QNff", columns="TimeUS,Name,Value,Default"),
        Format(number=59, name="MSG", letters="QZ", columns="TimeUS,Message"),
        Format(number=120, name="MODE", letters="QMBB", columns="TimeUS,Mode,ModeNum,Rsn"),
        Format(number=73, name="ORGN", letters="QBLLe", columns="TimeUS,Type,Lat,Lng,Alt"),
        Format(
            number=93,
            name="CMD",
            letters="QHHHffffLLfB",
            columns="TimeUS,CTot,CNum,CId,Prm1,Prm2,Prm3,Prm4,Lat,Lng,Alt,Frame",
        ),
        Format(
            number=94,
            name="GPS",
            letters="QBBIHBcLLeffffB",
            columns="TimeUS,I,Status,GMS,GWk,NSats,HDop,Lat,Lng,Alt,Spd,GCrs,VZ,Yaw,U",
        ),
        Format(
            number=74,
            name="POS",
            letters="QLLfff",
            columns="TimeUS,Lat,Lng,Alt,RelHomeAlt,RelOriginAlt",
        ),
        Format(
            number=72,
            name="ATT",
            letters="QffffffB",
            columns="TimeUS,DesRoll,Roll,DesPitch,Pitch,DesYaw,Yaw,AEKF",
        ),
        Format(
            number=88,
            name="BAT",
            letters="QBfffffcfBBB",
            columns="TimeUS,Inst,Volt,VoltR,Curr,CurrTot,EnrgTot,Temp,Res,RemPct,H,SH",
        ),
        Format(
            number=81,
            name="CAM",
            letters="QBHIHLLeeeccC",
            columns="TimeUS,I,Img,GPSTime,GPSWeek,Lat,Lng,Alt,RelAlt,GPSAlt,R,P,Y",
        ),
    )
}


class Logbook:
    """Write records to a log; the suffix chooses binary or text."""

    def __init__(self, path: Path) -> None:
        if path.suffix.lower() not in (".bin", ".log"):
            raise BadInput(f"{path.name}: a flight log is written as .BIN or as .log (text)")
        self._text = path.suffix.lower() == ".log"
        try:
            self._stream: BinaryIO = path.open("wb")
        except OSError as error:
            raise BadInput(f"{path} cannot be written: {error.strerror}") from None
        for form in FORMATS.values():
            entry = (form.number, form.length, form.name, form.letters, form.columns)
            self.write("FMT", *entry)

    def write(self, name: str, *values: float | str) -> None:
        """Write one record; hundredths and degrees are given as such."""
        form = FORMATS[name]
        if self._text:
            words = [value if isinstance(value, str) else f"{value:.10g}" for value in values]
            if form.letters[0] == "Q":
                words[0] = str(int(values[0]))
            line = ", ".join([name, *words])
            self._stream.write(line.encode() + b"\n")
            return
        fields = [_packed(letter, v) for letter, v in zip(form.letters, values, strict=True)]
        self._stream.write(HEAD + bytes([form.number]) + struct.pack(form.packing, *fields))

    def close(self) -> None:
        """Finish the log."""
        self._stream.close()


def _packed(letter: str, value: float | str) -> float | bytes:
    """Give a value as it lies in a binary record."""
    if isinstance(value, str):
        return value.encode("ascii", "replace")
    if letter in HUNDREDTHS:
        return round(value * 100)
    if letter == "L":
        return round(value * 1e7)
    return value if letter == "f" else int(value)
