"""How assets age and what works do: what ships is sound, what is unsound is refused."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from inspection.codelists.ageing import ageing, effects, load_ageing, load_effects
from inspection.codelists.codelist import Codelist, load_codelist
from inspection.codelists.columns import COSTS, Target, load_fields
from inspection.domain.asset import AssetKind
from inspection.domain.programme import Work
from inspection.domain.repaireffect import works_offered
from inspection.errors import BadCodelist, BadInput


def changed(name: str, change: Callable[[dict[str, Any]], None]) -> Codelist:
    good = load_codelist(name)
    fields = copy.deepcopy(dict(good.fields))
    change(fields)
    return Codelist(id=name, version="1", source="", needs_review=True, fields=fields)


def test_what_ships_needs_review_and_is_complete() -> None:
    assert load_codelist("deterioration").needs_review
    assert load_codelist("repair_effect").needs_review
    assert load_ageing().name == "deterioration/1.0.0"
    assert set(load_effects()) == {AssetKind.BRIDGE, AssetKind.PAVEMENT_SECTION}


def test_the_repairs_of_the_specification() -> None:
    matrix = load_effects()[AssetKind.BRIDGE].works[Work.PREVENTIVE].matrix
    assert matrix[1, 0] == 0.7
    assert matrix[2, 1] == 0.8


def test_works_are_offered_by_condition() -> None:
    bridge = load_effects()[AssetKind.BRIDGE]
    works = tuple(Work)
    assert works_offered(bridge, "I", works) == ()
    assert works_offered(bridge, "II", works) == (Work.PREVENTIVE,)
    assert works_offered(bridge, "IV", works) == (Work.MAJOR, Work.REPLACEMENT)
    assert bridge.state("III") == 2
    with pytest.raises(BadInput, match="none of I, II, III, IV"):
        bridge.state("V")


def test_every_work_makes_better_and_more_work_does_more() -> None:
    for one in load_effects().values():
        means = [one.works[w].matrix @ np.arange(4) for w in (Work.MAJOR, Work.REPLACEMENT)]
        assert np.all(means[1] <= means[0] + 1e-12)


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f["states"].reverse(),
        lambda f: f["transition"].pop(),
        lambda f: f["transition"][0].__setitem__(0, 2),
        lambda f: f["transition"][3].__setitem__(slice(0, 4), [1, 0, 0, 0]),
        lambda f: f["hazards"]["salt_zone"].__setitem__("S", -1),
        lambda f: f["hazards"].__setitem__("age_years", {"over": 50}),
        lambda f: f.pop("hazards"),
    ],
)
def test_a_broken_chain_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    with pytest.raises(BadCodelist, match="deterioration"):
        ageing(changed("deterioration", change))


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f["kinds"].__setitem__("tunnel", f["kinds"]["bridge"]),
        lambda f: f["kinds"]["bridge"]["works"].__setitem__("paint", {}),
        lambda f: f["kinds"]["bridge"]["works"]["major"]["meant_for"].append("V"),
        lambda f: f["kinds"]["bridge"]["works"]["major"]["matrix"].pop(),
        lambda f: f["kinds"]["bridge"]["works"]["major"].__setitem__(
            "matrix", [[0, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]]
        ),
        lambda f: f["kinds"]["bridge"].pop("condition"),
    ],
)
def test_broken_effects_are_refused(change: Callable[[dict[str, Any]], None]) -> None:
    with pytest.raises(BadCodelist, match="repair_effect"):
        effects(changed("repair_effect", change))


def test_columns_of_price_lists() -> None:
    fields = load_fields(COSTS)
    assert {one.target for one in fields.values()} == {Target.COST}
    assert set(fields["work"].choices.values()) == {work.value for work in Work}
