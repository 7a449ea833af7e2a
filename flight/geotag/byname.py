"""Match photos to the rows of a table that names them; a name that two photos share is nobody's."""

from collections.abc import Sequence

from flight.geotag.alignment import Alignment, Confidence, Match, Unmatched
from flight.geotag.shot import Shot
from flight.logs.positionlist import image_key
from flight.logs.trigger import CameraTrigger, TriggerLog


def match_by_name(shots: Sequence[Shot], log: TriggerLog) -> Alignment:
    """Match photos by the names that the table gives, with or without their extension.

    Of two files of one photo beside each other the first gets the row; photos of the same name in
    different folders are different ones, and neither gets it.
    """
    full = {image_key(trigger.image): trigger for trigger in log.triggers}
    stems: dict[str, list[CameraTrigger]] = {}
    for trigger in log.triggers:
        stems.setdefault(_stem(trigger.image), []).append(trigger)
    exact = {shot.name: full.get(image_key(shot.name)) for shot in shots}
    named = {name for name, row in exact.items() if row is not None}
    taken = {row.sequence for row in exact.values() if row is not None}
    loose: dict[int, list[str]] = {}
    for shot in shots:
        same_stem = [row for row in stems.get(_stem(shot.name), []) if row.sequence not in taken]
        if exact[shot.name] is None and len(same_stem) == 1:
            loose.setdefault(same_stem[0].sequence, []).append(shot.name)
            exact[shot.name] = same_stem[0]
    matches: list[Match] = []
    for shot in shots:
        row = exact[shot.name]
        rivals = [] if row is None else loose.get(row.sequence, [])
        folders = {_folder(name) for name in rivals}
        if row is not None and len(folders) < 2 and shot.name in (*rivals[:1], *named):
            taken.add(row.sequence)
            matches.append(Match(photo=shot.name, trigger=row, confidence=Confidence.HIGH))
            continue
        reason, detail = Unmatched.NOT_LISTED, f"{log.name} does not name it"
        if row is not None and len(folders) < 2:
            detail = "its row is taken"
        elif row is not None:
            others = ", ".join(name for name in rivals if name != shot.name)
            reason, detail = Unmatched.COMPETING, f"{others} could be {row.image} as well"
        matches.append(Match(photo=shot.name, reason=reason, detail=detail))
    return Alignment(
        matches=tuple(matches),
        missing=tuple(t for t in log.triggers if t.sequence not in taken),
        clock=None,
    )


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _stem(name: str) -> str:
    return image_key(name.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0])
