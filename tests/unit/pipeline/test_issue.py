"""From defects to a work list: grade, prioritise, issue."""

import random
import uuid
from dataclasses import replace

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.asset import Asset, AssetKind, Concrete
from inspection.domain.crackratio import Lane
from inspection.domain.defect import Defect, Observation, ReviewState
from inspection.domain.measurement import Quantity
from inspection.domain.priority import Falling
from inspection.domain.taxonomy import DamageClass
from inspection.domain.workorder import WorkList, reasons_text, shown, shown_grade
from inspection.errors import BadInput
from inspection.pipeline.grade import Grades, grade
from inspection.pipeline.issue import Appraised, appraise, issue
from inspection.pipeline.prioritise import complete, evidence, prioritise, severity
from tests.support.damage import area, below, crack, defect, quantity

BRIDGE = Asset(asset_id="bridge", name="点検橋", kind=AssetKind.BRIDGE, member="Ds0101")
ROAD = Asset(asset_id="road", name="県道1号", kind=AssetKind.PAVEMENT_SECTION)
WIDE = quantity(6.0, 2.0, 2.0)


def straight(
    y: float, *, length: float = 3.0, width: Quantity | None = None, crs: str = "EPSG:32653"
) -> Observation:
    return crack([(0.0, y), (length, y)], width=width or WIDE, crs=crs)


def box(x: float, size: float = 0.5) -> shapely.Polygon:
    return shapely.box(x, 10, x + size, 10 + size)


def only(grades: Grades, one: Defect) -> tuple[str, ...]:
    return grades.of_defects[one.defect_id].candidates


class TestGrade:
    def test_a_lone_wide_crack_is_d_two_close_ones_are_e(self) -> None:
        alone = defect(straight(0))
        assert only(grade([alone], asset=BRIDGE), alone) == ("d",)
        pair = [defect(straight(0)), defect(straight(0.4))]
        graded = grade(pair, asset=BRIDGE)
        assert [only(graded, one) for one in pair] == [("e",), ("e",)]
        assert graded.of_member[0].record == "⑥ひびわれ(大大)-e"
        assert graded.of_member[0].subject_id == "bridge/Ds0101"
        assert graded.worst == "e"

    def test_a_rejected_neighbour_does_not_count(self) -> None:
        kept = defect(straight(0))
        gone = defect(straight(0.4), state=ReviewState.REJECTED)
        graded = grade([kept, gone], asset=BRIDGE)
        assert only(graded, kept) == ("d",)
        assert gone.defect_id not in graded.of_defects

    def test_a_person_turning_a_crack_into_a_joint_closes_it(self) -> None:
        joint = defect(straight(0), reviewed=DamageClass.JOINT, state=ReviewState.CONFIRMED)
        graded = grade([joint], asset=BRIDGE)
        assert graded.of_defects == {}
        assert graded.worst is None

    def test_local_frames_of_two_mosaics_are_never_compared(self) -> None:
        here = defect(straight(0, crs="LOCAL"))
        there = defect(crack([(0, 0.4), (3, 0.4)], width=WIDE, crs="LOCAL", mosaic="d" * 64))
        graded = grade([here, there], asset=BRIDGE)
        assert only(graded, here) == only(graded, there) == ("d",)

    def test_a_coarse_image_leaves_the_grade_open(self) -> None:
        thin = defect(straight(0, width=below(2.0)))
        graded = grade([thin], asset=BRIDGE)
        found = graded.of_defects[thin.defect_id]
        assert (found.candidates, found.best, found.unresolved) == (("b", "c", "d"), None, True)

    def test_the_member_is_as_bad_as_its_worst_crack(self) -> None:
        cracks = [defect(straight(0, width=quantity(0.1, 0.01))), defect(straight(2))]
        (member,) = grade(cracks, asset=BRIDGE).of_member
        assert (member.candidates, member.best) == (("d",), "d")

    def test_one_unresolved_crack_keeps_a_mild_member_open(self) -> None:
        cracks = [
            defect(straight(0, width=quantity(0.1, 0.01))),
            defect(straight(2, width=below(2))),
        ]
        (member,) = grade(cracks, asset=BRIDGE).of_member
        assert member.candidates == ("b", "c", "d")
        assert member.best is None
        assert member.unresolved
        assert member.record == ""

    def test_an_unresolved_crack_cannot_make_the_worst_grade_worse(self) -> None:
        cracks = [defect(straight(0)), defect(straight(2, width=below(2.0)))]
        (member,) = grade(cracks, asset=BRIDGE).of_member
        assert (member.candidates, member.best, member.unresolved) == (("d",), "d", False)

    def test_prestressed_concrete_has_stricter_classes(self) -> None:
        one = defect(straight(0, width=quantity(0.25, 0.01)))
        pc = replace(BRIDGE, concrete=Concrete.PC)
        assert only(grade([one], asset=BRIDGE), one) == ("c",)
        assert only(grade([one], asset=pc), one) == ("d",)

    def test_other_damage_is_graded_by_what_its_sight_allows(self) -> None:
        spall = defect(area(box(0)))
        rebar = defect(area(box(2), DamageClass.EXPOSED_REBAR))
        graded = grade([spall, rebar], asset=BRIDGE)
        assert only(graded, spall) == ("c",)
        assert graded.of_defects[spall.defect_id].record == "⑦剥離・鉄筋露出-c"
        assert only(graded, rebar) == ("d", "e")
        assert graded.of_defects[rebar.defect_id].unresolved
        # both are type 7: the member takes the worse
        (member,) = graded.of_member
        assert member.candidates == ("d", "e")

    def test_what_no_rule_grades_has_no_grade(self) -> None:
        patch = defect(area(box(0), DamageClass.PATCH))
        assert grade([patch], asset=BRIDGE).of_defects == {}

    def test_nothing_found_is_no_grade_a(self) -> None:
        assert grade([], asset=BRIDGE) == Grades(of_defects={}, of_member=())


LANE = Lane(x_m=0, y_m=0.25, direction_deg=0, length_m=5, width_m=3)


class TestPavement:
    def test_cracks_of_a_lane_make_a_ratio(self) -> None:
        found = grade([defect(straight(0.1, length=5.0))], asset=ROAD, lane=LANE)
        ratio = found.crack_ratio
        assert ratio is not None
        assert ratio.values["crack_ratio_percent"] == pytest.approx(100 * 10 * 0.15 / 15)
        assert (ratio.candidates, ratio.best) == (("I",), "I")
        assert found.of_defects == {}

    def test_cracks_of_unknown_width_make_a_range(self) -> None:
        rows = [defect(straight(0.1 - 0.5 * i, length=5.0, width=below(2.0))) for i in range(6)]
        ratio = grade(rows, asset=ROAD, lane=LANE).crack_ratio
        assert ratio is not None
        assert ratio.values["crack_ratio_percent"] == 0
        assert ratio.values["crack_ratio_high_percent"] == pytest.approx(60.0)
        assert ratio.candidates == ("I", "II", "III")
        assert ratio.unresolved

    def test_cracks_narrower_than_1_mm_are_not_taken(self) -> None:
        fine = defect(straight(0.1, length=5.0, width=below(0.8)))
        narrow = defect(straight(-0.4, length=5.0, width=quantity(0.6, 0.1, 0.2)))
        ratio = grade([fine, narrow], asset=ROAD, lane=LANE).crack_ratio
        assert ratio is not None
        assert ratio.values == {"crack_ratio_percent": 0.0, "crack_ratio_high_percent": 0.0}

    def test_without_a_lane_there_is_no_ratio(self) -> None:
        assert grade([defect(straight(0.1))], asset=ROAD).crack_ratio is None

    def test_a_ratio_raises_the_priority(self) -> None:
        rows = [defect(straight(0.1 - 0.5 * i, length=5.0)) for i in range(6)]
        graded = grade(rows, asset=ROAD, lane=LANE)
        assert evidence(ROAD, rows, graded).condition == "III-1"
        low = prioritise(ROAD, [], grade([], asset=ROAD, lane=LANE))
        assert prioritise(ROAD, rows, graded).score > low.score

    def test_potholes_are_counted(self) -> None:
        holes = [defect(area(box(i), DamageClass.POTHOLE)) for i in range(3)]
        assert evidence(ROAD, holes, grade(holes, asset=ROAD)).observed == {"potholes": 3}


class TestPrioritise:
    def test_years_follow_from_fiscal_years(self) -> None:
        known = complete(
            {
                "built_fiscal_year": 1971,
                "diagnosis_fiscal_year": 2024,
                "inspection_fiscal_year": 2020,
            },
            2026,
        )
        assert (known["age_years"], known["years_since_diagnosis"], known["overdue_years"]) == (
            55,
            2,
            1,
        )

    def test_what_is_stated_is_not_overwritten(self) -> None:
        known = complete(
            {"built_fiscal_year": 1971, "age_years": 10, "coast_distance_m": 50, "salt_zone": "II"},
            2026,
        )
        assert (known["age_years"], known["salt_zone"]) == (10, "II")

    @pytest.mark.parametrize(
        ("distance_m", "zone"), [(100, "S"), (101, "I"), (500, "II"), (700, "III"), (701, "none")]
    )
    def test_salt_zones_follow_from_the_coast(self, distance_m: float, zone: str) -> None:
        assert complete({"coast_distance_m": distance_m}, None)["salt_zone"] == zone

    def test_the_survey_adds_its_worst_grade_and_a_flagged_candidate(self) -> None:
        one = defect(straight(0))
        found = evidence(BRIDGE, [one], grade([one], asset=BRIDGE))
        assert found.observed == {"main_grade": "d"}
        assert found.condition == "II"
        priority = prioritise(BRIDGE, [one], grade([one], asset=BRIDGE))
        assert priority.soundness_is_candidate
        assert priority.confidence < 0.8

    def test_loose_concrete_is_confirmed_only_by_a_person(self) -> None:
        states = [ReviewState.CANDIDATE, ReviewState.CONFIRMED, ReviewState.REJECTED]
        found = []
        for state in states:
            spall = defect(area(box(0)), state=state)
            found.append(evidence(BRIDGE, [spall], grade([spall], asset=BRIDGE)).falling)
        assert found == [Falling.CANDIDATE, Falling.CONFIRMED, Falling.NONE]

    def test_severity_adds_grade_width_and_length(self) -> None:
        one = defect(crack([(0, 0), (2.5, 0)], width=quantity(5.0, 2.0, 2.0)))
        items = severity(one, grade([one], asset=BRIDGE).of_defects[one.defect_id])
        assert [(item.code, item.points) for item in items] == [
            ("grade_d", 4.0),
            ("width", 1.0),
            ("length", 1.0),
        ]

    def test_a_width_below_the_limit_adds_nothing(self) -> None:
        one = defect(straight(0, width=below(2.0)))
        items = severity(one, grade([one], asset=BRIDGE).of_defects[one.defect_id])
        assert [item.code for item in items] == ["grade_d", "length"]
        assert "b/c/d" in items[0].en

    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(st.floats(0.05, 20), st.floats(0, 20), st.floats(0.2, 20), st.floats(0, 20))
    def test_a_longer_or_wider_crack_is_never_less_severe(
        self, width: float, wider: float, length: float, longer: float
    ) -> None:
        small = defect(crack([(0, 0), (length, 0)], width=quantity(width, 0.1)))
        large = defect(crack([(0, 0), (length + longer, 0)], width=quantity(width + wider, 0.1)))
        totals = []
        for one in (small, large):
            candidate = grade([one], asset=BRIDGE).of_defects[one.defect_id]
            totals.append(sum(item.points for item in severity(one, candidate)))
        assert totals[1] >= totals[0] - 1e-9
        assert 0 <= totals[0] <= totals[1] + 1e-9 <= 10 + 1e-6


def issued(*defects: Defect, asset: Asset = BRIDGE) -> WorkList:
    return issue([appraise(asset, defects)])


class TestIssue:
    def test_worst_first_and_ranks_count_from_one(self) -> None:
        mild = defect(crack([(0, 20), (0.3, 20)], width=quantity(0.1, 0.01)))
        spall = defect(area(box(0)))
        severe = defect(straight(0))
        listed = issued(mild, spall, severe)
        assert [row.defect_id for row in listed.rows] == [
            severe.defect_id,
            spall.defect_id,
            mild.defect_id,
        ]
        assert [row.rank for row in listed.rows] == [1, 2, 3]

    def test_the_reasons_add_up_to_the_score(self) -> None:
        for row in issued(defect(straight(0)), defect(area(box(0)))).rows:
            assert sum(item.points for item in row.reasons) == pytest.approx(row.score)
            assert row.score == pytest.approx(row.asset_score + row.severity)
            assert "L=" in reasons_text(row.reasons, "en")
            assert "状態" in reasons_text(row.reasons, "ja")

    def test_rejected_defects_are_left_out_and_counted(self) -> None:
        listed = issued(
            defect(straight(0), state=ReviewState.REJECTED),
            defect(straight(2), reviewed=DamageClass.JOINT, state=ReviewState.CONFIRMED),
            defect(area(box(0))),
        )
        assert len(listed.rows) == 1
        assert listed.left_out == {"rejected": 1, "no_damage": 1}

    def test_review_marks(self) -> None:
        rows = issued(defect(straight(0)), defect(area(box(0)), state=ReviewState.CONFIRMED)).rows
        notes = {row.state: (row.note_ja, row.note_en) for row in rows}
        assert notes == {
            ReviewState.CANDIDATE: ("要確認", "needs review"),
            ReviewState.CONFIRMED: ("確認済", "confirmed"),
        }

    def test_numbers_are_shown_honestly(self) -> None:
        measured, thin = defect(straight(0)), defect(straight(3, width=below(2.0)))
        rows = {row.defect_id: row for row in issued(measured, thin).rows}
        assert shown(rows[measured.defect_id].width_mm) == "6.00 ± 2.00"
        assert shown(rows[thin.defect_id].width_mm) == "< 2.00"
        assert shown_grade(rows[thin.defect_id].grade) == "b/c/d"

    def test_a_persons_class_is_shown(self) -> None:
        (row,) = issued(defect(area(box(0)), reviewed=DamageClass.EXPOSED_REBAR)).rows
        assert (row.damage_class, row.class_en) == (DamageClass.EXPOSED_REBAR, "Exposed rebar")

    def test_photos_get_their_names(self) -> None:
        entry = appraise(BRIDGE, [defect(straight(0))])
        assert issue([entry], photo_names={"b" * 64: "DJI_0001.JPG"}).rows[0].photos == (
            "DJI_0001.JPG",
        )
        assert issue([entry]).rows[0].photos == ("b" * 64,)

    def test_positions_are_on_the_map_or_local(self) -> None:
        (there,) = issued(defect(straight(0))).rows
        assert (there.lon_deg, there.lat_deg, there.surface_crs) == (136.6, 36.6, "EPSG:32653")
        (here,) = issued(defect(straight(0, crs="LOCAL"))).rows
        assert (here.lon_deg, here.lat_deg, here.surface_crs) == (None, None, "LOCAL")
        assert (here.x_m, here.y_m) == pytest.approx((1.5, 0.0), abs=0.01)

    def test_an_emergency_stands_above_any_score(self) -> None:
        sound = replace(BRIDGE, attributes={"soundness": "I", "under_bridge": "railway"})
        important = replace(
            BRIDGE,
            asset_id="other",
            attributes={"soundness": "III", "emergency_route": "1", "adt": 30000.0},
        )
        loose = defect(area(box(0)), state=ReviewState.CONFIRMED)
        wide = [defect(straight(y), asset_id="other") for y in (0, 0.3)]
        listed = issue([appraise(important, wide), appraise(sound, [loose])])
        assert [row.tier for row in listed.rows] == [0, 2, 2]
        assert listed.rows[0].defect_id == loose.defect_id
        assert listed.rows[0].score < listed.rows[1].score
        assert listed.rows[0].reasons[0].code == "R2"
        assert [p.asset_id for p in listed.priorities] == ["bridge", "other"]

    def test_an_asset_may_not_appear_twice(self) -> None:
        entry = appraise(BRIDGE, [])
        with pytest.raises(BadInput, match="once"):
            issue([entry, entry])

    def test_one_list_one_model(self) -> None:
        first = appraise(BRIDGE, [])
        second = appraise(replace(BRIDGE, asset_id="b"), [])
        odd = replace(second, priority=replace(second.priority, model="other/1"))
        with pytest.raises(BadInput, match="one priority model"):
            issue([first, odd])

    def test_nothing_to_do_is_an_empty_list(self) -> None:
        assert issue([]).rows == ()
        assert issued().rows == ()

    def test_ranks_must_count(self) -> None:
        listed = issued(defect(straight(0)))
        with pytest.raises(BadInput, match="ranks"):
            replace(listed, rows=(replace(listed.rows[0], rank=2),))

    @settings(max_examples=15, deadline=None, derandomize=True)
    @given(st.randoms(use_true_random=False))
    def test_the_order_of_the_inputs_changes_nothing(self, rng: random.Random) -> None:
        def entries() -> list[Appraised]:
            found = []
            for name in ("a", "b", "c"):
                asset = replace(BRIDGE, asset_id=name)
                defects = [defect(straight(0.3 * i), asset_id=name) for i in range(4)]
                defects += [defect(area(box(i)), asset_id=name) for i in range(3)]
                rng.shuffle(defects)
                found.append(appraise(asset, defects))
            rng.shuffle(found)
            return found

        first, second = issue(entries()), issue(entries())
        assert first == second
        assert len({row.defect_id for row in first.rows}) == 21

    def test_ties_are_broken_by_identifier(self) -> None:
        twins = [defect(straight(20.0 * i)) for i in range(3)]
        listed = issued(*twins)
        ids = [row.defect_id for row in listed.rows]
        assert ids == sorted(ids, key=str)
        assert all(isinstance(key, uuid.UUID) for key in ids)
