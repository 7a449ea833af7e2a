"""Edits: nothing is lost under any order of them, and every one can be taken back."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import shapely
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from inspection.domain.defect import HAND, Defect, Observation, ReviewState
from inspection.domain.edit import (
    MOST_MERGED,
    Edit,
    Edited,
    EditKind,
    Share,
    check_editable,
    draw,
    merge,
    redraw,
    split,
    undo,
)
from inspection.domain.review import LEGAL, Action, RejectReason, Verdict, review
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, Conflict, IllegalTransition
from inspection.geo.cutting import Piece, cut, joined
from tests.support.damage import area, crack, defect

NOON = datetime(2026, 5, 1, 3, 0, tzinfo=UTC)


def ids(asset_id: str, first: uuid.UUID) -> uuid.UUID:
    return uuid.uuid5(first, f"defect of {asset_id}")


def edit(kind: EditKind, *defects: Defect, **changes: Any) -> Edit:
    values: dict[str, Any] = {
        "edit_id": uuid.uuid4(),
        "kind": kind,
        "asset_id": "bridge",
        "editor": "佐藤",
        "edited_at": NOON,
        "expected_versions": {d.defect_id: d.version for d in defects},
    }
    return Edit(**(values | changes))


def drawn(piece: Piece, damage_class: DamageClass = DamageClass.CRACK) -> Observation:
    """Make the sighting of what an engineer drew."""
    plain = crack([(0, 0), (1, 0)])
    return replace(
        plain,
        observation_id=uuid.uuid4(),
        damage_class=damage_class,
        outline_surface_m=piece.outline,
        axis_surface_m=piece.axis,
        model_id=HAND,
    )


def line_at(x0: float, x1: float, y: float = 0.0) -> Observation:
    return crack([(x0, y), (x1, y)])


class Review(RuleBasedStateMachine):
    """Engineers who split, merge, redraw, draw, decide and take back, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.defects: dict[uuid.UUID, Defect] = {}
        self.seen: dict[uuid.UUID, Observation] = {}
        self.log: list[tuple[Edit, tuple[Share, ...], float]] = []
        self.machine: set[uuid.UUID] = set()
        self.length_m = 0.0

    def standing(self) -> list[Defect]:
        return [d for d in self.defects.values() if d.state is not ReviewState.SUPERSEDED]

    def editable(self) -> list[Defect]:
        return [d for d in self.standing() if d.state is not ReviewState.REJECTED]

    def take(self, done: Edited, of: Edit, added_m: float = 0.0) -> None:
        self.defects |= {d.defect_id: d for d in done.defects}
        self.seen |= {d.latest.observation_id: d.latest for d in done.defects}
        self.log.append((of, done.shares, added_m))
        self.length_m += added_m

    @initialize(count=st.integers(2, 4))
    def a_machine_sees(self, count: int) -> None:
        for y in range(count):
            found = defect(line_at(0.0, 4.0, float(y)))
            self.defects[found.defect_id] = found
            self.seen[found.latest.observation_id] = found.latest
            self.machine.add(found.latest.observation_id)
            self.length_m += 4.0

    @precondition(lambda self: self.editable())
    @rule(data=st.data(), share=st.floats(0.2, 0.8))
    def somebody_splits(self, data: st.DataObject, share: float) -> None:
        one = data.draw(st.sampled_from(self.editable()))
        shape = Piece(outline=one.latest.outline_surface_m, axis=one.latest.axis_surface_m)
        part = max(shapely.get_parts(shape.axis), key=lambda line: line.length)
        x, y = shapely.get_coordinates(part.interpolate(share, normalized=True))[0]
        blade = shapely.LineString([(x, y - 0.1), (x, y + 0.1)])
        if part.length < 0.1:
            return
        of = edit(EditKind.SPLIT, one, drawn_surface_m=blade)
        done = split(one, [drawn(piece) for piece in cut(shape, blade)], of, ids)
        assert {d.state for d in done.defects[1:]} == {one.state}
        self.take(done, of)

    @precondition(lambda self: len(self.editable()) > 1)
    @rule(data=st.data())
    def somebody_merges(self, data: st.DataObject) -> None:
        some = data.draw(
            st.lists(st.sampled_from(self.editable()), min_size=2, max_size=3, unique=True)
        )
        pieces = [
            Piece(outline=d.latest.outline_surface_m, axis=d.latest.axis_surface_m) for d in some
        ]
        of = edit(EditKind.MERGE, *some)
        done = merge(some, drawn(joined(pieces, reach_m=1e-5)), of, ids)
        all_confirmed = all(d.state is ReviewState.CONFIRMED for d in some)
        assert (done.defects[-1].state is ReviewState.CONFIRMED) is all_confirmed
        self.take(done, of)

    @precondition(lambda self: self.editable())
    @rule(data=st.data())
    def somebody_redraws(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.editable()))
        shape = Piece(outline=one.latest.outline_surface_m, axis=one.latest.axis_surface_m)
        of = edit(EditKind.REDRAW, one)
        done = redraw(one, drawn(shape), of)
        assert done.defects[0].defect_id == one.defect_id
        self.take(done, of)

    @rule(y=st.integers(10, 20))
    def somebody_draws(self, y: int) -> None:
        line = shapely.LineString([(0, y), (1, y)])
        of = edit(EditKind.DRAW)
        done = draw(drawn(Piece(outline=line.buffer(0.01), axis=line)), "bridge", ids)
        assert done.defects[0].state is ReviewState.CONFIRMED
        self.take(done, of, added_m=1.0)

    @precondition(lambda self: self.log)
    @rule(data=st.data())
    def somebody_takes_back(self, data: st.DataObject) -> None:
        target, shares, added_m = data.draw(st.sampled_from(self.log))
        untouched = all(self.defects[s.defect_id].version == s.version_after for s in shares)
        if not untouched:
            with pytest.raises(Conflict, match="what was decided since stands"):
                undo(shares, self.defects, self.seen)
            return
        done = undo(shares, self.defects, self.seen)
        of = edit(EditKind.UNDO, undoes=target.edit_id)
        for share in shares:
            after = next(d for d in done.defects if d.defect_id == share.defect_id)
            assert (after.state, after.latest.observation_id, after.damage_class_reviewed) == (
                share.before.state,
                share.before.observation_id,
                share.before.damage_class_reviewed,
            )
        self.take(done, of, added_m=-added_m)

    @precondition(lambda self: self.standing())
    @rule(data=st.data(), action=st.sampled_from(Action))
    def somebody_decides(self, data: st.DataObject, action: Action) -> None:
        one = data.draw(st.sampled_from(self.standing()))
        if (one.state, action) not in LEGAL:
            return
        verdict = Verdict(
            verdict_id=uuid.uuid4(),
            defect_id=one.defect_id,
            action=action,
            reviewer="鈴木",
            decided_at=NOON,
            expected_version=one.version,
            reason=RejectReason.OTHER,
            damage_class=DamageClass.CRACK,
        )
        self.defects[one.defect_id] = review(one, verdict)

    @invariant()
    def every_metre_stands_once(self) -> None:
        total = sum(d.latest.axis_surface_m.length for d in self.standing())
        assert total == pytest.approx(self.length_m, abs=1e-4)

    @invariant()
    def nothing_that_a_machine_saw_is_gone(self) -> None:
        kept = {key for d in self.defects.values() for key in d.observation_ids}
        assert self.machine <= kept

    @invariant()
    def every_superseded_defect_is_explained(self) -> None:
        told = {s.defect_id: s for _, shares, _ in self.log for s in shares}
        for one in self.defects.values():
            if one.state is ReviewState.SUPERSEDED:
                assert told[one.defect_id].superseded
                assert told[one.defect_id].version_after == one.version


TestReview = Review.TestCase
TestReview.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)


def test_a_merge_of_the_parts_is_what_was_split() -> None:
    whole = defect(line_at(0, 4), state=ReviewState.CONFIRMED, reviewed=DamageClass.CRACK)
    shape = Piece(outline=whole.latest.outline_surface_m, axis=whole.latest.axis_surface_m)
    parts = cut(shape, shapely.LineString([(1, -1), (1, 1)]))
    halves = split(whole, [drawn(p) for p in parts], edit(EditKind.SPLIT, whole), ids).defects[1:]
    together = joined(
        [Piece(outline=d.latest.outline_surface_m, axis=d.latest.axis_surface_m) for d in halves],
        reach_m=0.02,
    )
    again = merge(halves, drawn(together), edit(EditKind.MERGE, *halves), ids).defects[-1]
    before, after = (d.latest.axis_surface_m for d in (whole, again))
    assert after.length == pytest.approx(before.length, abs=1e-9)
    assert shapely.hausdorff_distance(after, before) < 1e-9
    assert again.latest.outline_surface_m.symmetric_difference(shape.outline).area < 1e-9
    assert (again.state, again.shown_class) == (whole.state, whole.shown_class)


def test_parts_inherit_what_people_decided_and_the_whole_is_superseded() -> None:
    rust = defect(area(shapely.box(0, 0, 2, 1)), reviewed=DamageClass.RUST_STAIN)
    parts = [
        drawn(Piece(outline=shapely.box(x, 0, x + 1, 1)), DamageClass.RUST_STAIN) for x in (0, 1)
    ]
    done = split(rust, parts, edit(EditKind.SPLIT, rust), ids)
    old, *new = done.defects
    assert (old.state, old.version) == (ReviewState.SUPERSEDED, 2)
    assert (old.latest, old.observation_ids) == (rust.latest, rust.observation_ids)
    assert [d.damage_class_reviewed for d in new] == [DamageClass.RUST_STAIN] * 2
    assert [d.damage_class for d in new] == [DamageClass.SPALL] * 2  # what the machine had said
    assert [(s.superseded, s.brought, s.version_before) for s in done.shares] == [
        (True, False, 1),
        (False, True, 0),
        (False, True, 0),
    ]


@pytest.mark.parametrize("state", [ReviewState.REJECTED, ReviewState.SUPERSEDED])
def test_what_does_not_count_cannot_be_edited(state: ReviewState) -> None:
    closed = defect(line_at(0, 4), state=state)
    with pytest.raises(IllegalTransition, match=state.value):
        check_editable([closed], edit(EditKind.REDRAW, closed))


@pytest.mark.parametrize("seen", [0, 2, None])
def test_another_version_than_the_engineer_saw_is_a_conflict(seen: int | None) -> None:
    one = defect(line_at(0, 4))
    versions = {} if seen is None else {one.defect_id: seen}
    with pytest.raises(Conflict, match="is at version 1"):
        redraw(
            one,
            drawn(Piece(outline=shapely.box(0, 0, 1, 1))),
            edit(EditKind.REDRAW, expected_versions=versions),
        )


def test_merging_needs_one_class_and_two_different_defects_of_one_asset() -> None:
    one, other = defect(line_at(0, 1)), defect(line_at(1, 2))
    spall = defect(area(shapely.box(0, 0, 1, 1)))
    elsewhere = defect(line_at(1, 2), asset_id="tunnel")
    whole = drawn(Piece(outline=shapely.box(0, 0, 2, 1)))
    with pytest.raises(BadInput, match="classes crack, spall; say which"):
        merge([one, spall], whole, edit(EditKind.MERGE, one, spall), ids)
    named = merge(
        [one, spall], whole, edit(EditKind.MERGE, one, spall), ids, damage_class=DamageClass.SPALL
    )
    assert named.defects[-1].damage_class_reviewed is DamageClass.SPALL
    with pytest.raises(BadInput, match="joint is no damage"):
        merge(
            [one, other],
            whole,
            edit(EditKind.MERGE, one, other),
            ids,
            damage_class=DamageClass.JOINT,
        )
    with pytest.raises(BadInput, match="different assets"):
        merge([one, elsewhere], whole, edit(EditKind.MERGE, one, elsewhere), ids)
    for some in ([one], [one, one], [one] * (MOST_MERGED + 1)):
        with pytest.raises(BadInput, match="takes 2 to 50 different"):
            merge(some, whole, edit(EditKind.MERGE, *some), ids)


def test_what_is_drawn_must_be_damage_and_is_confirmed() -> None:
    with pytest.raises(BadInput, match="vegetation is no damage"):
        draw(drawn(Piece(outline=shapely.box(0, 0, 1, 1)), DamageClass.VEGETATION), "bridge", ids)
    (made,) = draw(
        drawn(Piece(outline=shapely.box(0, 0, 1, 1)), DamageClass.SPALL), "b", ids
    ).defects
    assert (made.state, made.shown_class) == (ReviewState.CONFIRMED, DamageClass.SPALL)


def test_a_split_needs_two_parts() -> None:
    one = defect(line_at(0, 1))
    with pytest.raises(BadInput, match="two parts or more, got 1"):
        split(one, [one.latest], edit(EditKind.SPLIT, one), ids)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"editor": " "}, "name of the engineer"),
        ({"editor": "a\nb"}, "editor"),
        ({"note": "\0"}, "NUL"),
        ({"edited_at": datetime(2026, 5, 1)}, "time zone"),
        ({"undoes": uuid.uuid4()}, "exactly an undo"),
        ({"kind": EditKind.UNDO}, "exactly an undo"),
    ],
)
def test_an_edit_says_all_that_its_kind_needs(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        edit(**({"kind": EditKind.SPLIT} | change))


def test_an_edit_is_not_taken_back_over_a_later_sighting() -> None:
    """A survey renews how a defect is shown and leaves its version; an undo would hide that."""
    whole = defect(line_at(0.0, 4.0))
    shape = Piece(outline=whole.latest.outline_surface_m, axis=whole.latest.axis_surface_m)
    blade = shapely.LineString([(2, -0.1), (2, 0.1)])
    of_split = edit(EditKind.SPLIT, whole, drawn_surface_m=blade)
    parted = split(whole, [drawn(piece) for piece in cut(shape, blade)], of_split, ids)
    redrawn = redraw(whole, drawn(shape), edit(EditKind.REDRAW, whole))
    for done in (parted, redrawn):
        now = {d.defect_id: d for d in done.defects}
        seen = {whole.latest.observation_id: whole.latest}
        seen |= {d.latest.observation_id: d.latest for d in done.defects}
        assert undo(done.shares, now, seen).defects[0].latest == whole.latest
        last = done.defects[-1]
        later = replace(last.latest, observation_id=uuid.uuid4(), survey_id=uuid.uuid4())
        now[last.defect_id] = replace(last, latest=later)
        with pytest.raises(Conflict, match="a later survey has seen it since"):
            undo(done.shares, now, seen)
