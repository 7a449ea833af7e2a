"""Say what a format could not carry, or what reading it had to change."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Name one thing that a file lost on its way in or out.

    Attributes:
        what: in words, with the value.
        items: indexes of the mission items concerned, from 0; empty for the whole mission.
    """

    what: str
    items: tuple[int, ...] = ()

    def words(self) -> str:
        """Say it in one line, naming at most five items.

        >>> Loss(what="open parameter written as 0", items=(0, 1, 2, 3, 4, 5, 6)).words()
        'open parameter written as 0 (items 1, 2, 3, 4, 5 and 2 more)'
        """
        if not self.items:
            return self.what
        shown = ", ".join(str(index + 1) for index in self.items[:5])
        more = f" and {len(self.items) - 5} more" if len(self.items) > 5 else ""
        return f"{self.what} ({'item' if len(self.items) == 1 else 'items'} {shown}{more})"


@dataclass(slots=True)
class LossLedger:
    """Collect losses while a file is read or written; the same words are said once."""

    _found: dict[str, list[int]] = field(default_factory=dict)

    def note(self, what: str, item: int | None = None) -> None:
        """Add a loss, of one item or of the whole mission."""
        items = self._found.setdefault(what, [])
        if item is not None:
            items.append(item)

    def losses(self) -> tuple[Loss, ...]:
        """Give what was noted, in the order in which it was first seen."""
        return tuple(Loss(what=what, items=tuple(items)) for what, items in self._found.items())
