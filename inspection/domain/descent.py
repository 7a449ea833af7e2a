"""Say what a defect that an edit made takes over from those in whose place it stands.

Nothing is copied: what people recorded about a defect stays with it, and is read off again through
the edits that made others of it. So taking an edit back restores all of it exactly.

A part takes over what holds for its whole. A whole that was put together is only as far as the
least of its parts: it is repaired when all of them are, for roads are closed and opened by this.
What is bad about one part is bad about the whole, so of grades the worst is taken over.
"""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

Days = Mapping[uuid.UUID, date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Descent:
    """Name, for every defect that a split or a merge made, the defects in whose place it came.

    Attributes:
        parents: by defect, in the order of the edits: forebears come before who descends from them.
    """

    parents: Mapping[uuid.UUID, tuple[uuid.UUID, ...]]

    def reached(self, own: Days, *, lost: Collection[uuid.UUID] = ()) -> dict[uuid.UUID, date]:
        """Give the day on which each defect was as far as something: of itself, or all it is of.

        Args:
            own: of each by itself.
            lost: those that were no longer so far when others took their place: neither they nor
                what they are of hand it on.

        >>> whole, part = uuid.UUID(int=1), uuid.UUID(int=2)
        >>> Descent(parents={part: (whole,)}).reached({whole: date(2026, 5, 1)})[part]
        datetime.date(2026, 5, 1)
        """
        found = {key: day for key, day in own.items() if key not in lost}
        for child, parents in self.parents.items():
            if child in lost:
                continue
            theirs = [found[one] for one in parents if one in found]
            days = [own[child]] if child in own else []
            days += [max(theirs)] if len(theirs) == len(parents) else []
            if days:
                found[child] = min(days)
        return found

    def earliest(self, own: Days) -> dict[uuid.UUID, date]:
        """Give the first day on which anything was said about each defect or what it is of.

        >>> one, two, whole = (uuid.UUID(int=n) for n in (1, 2, 3))
        >>> days = {one: date(2024, 5, 1), two: date(2025, 5, 1), whole: date(2026, 5, 1)}
        >>> Descent(parents={whole: (one, two)}).earliest(days)[whole]
        datetime.date(2024, 5, 1)
        """
        found = dict(own)
        for child, parents in self.parents.items():
            days = [found[one] for one in (child, *parents) if one in found]
            if days:
                found[child] = min(days)
        return found

    def forebears(self, defect_id: uuid.UUID) -> tuple[uuid.UUID, ...]:
        """Name all out of which a defect came, the nearest first."""
        found = list(self.parents.get(defect_id, ()))
        for one in found:  # grows while it is walked
            found += [other for other in self.parents.get(one, ()) if other not in found]
        return tuple(found)
