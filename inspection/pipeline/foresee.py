"""Programme + transition matrix → how many bridges have which soundness, with it and without."""

from sqlalchemy import Connection

from inspection.codelists.ageing import load_effects
from inspection.domain.asset import AssetKind
from inspection.domain.gradeforecast import GradeForecast, Treatment, forecast_grades
from inspection.domain.programme import REPAIRS, Work
from inspection.errors import BadInput
from inspection.pipeline.allot import chosen_ageing, request_from
from inspection.pipeline.rank import know
from inspection.store.programmes import KeptProgramme

STEPS = 6


def foresee(
    connection: Connection, programme: KeptProgramme, *, steps: int = STEPS, ageing: str = ""
) -> GradeForecast:
    """Forecast the soundness of all diagnosed bridges.

    Args:
        connection: an open transaction.
        programme: what is done.
        steps: cycles of five years.
        ageing: name of an estimated matrix; empty: the one that the programme was drawn up with.

    Raises:
        BadInput: when no bridge has a diagnosis.
    """
    request = request_from(programme.request)
    known = know(connection, fiscal_year=request.fiscal_year)
    effects = load_effects()[AssetKind.BRIDGE]
    bridges = [c for c in known.cases.values() if c.kind is AssetKind.BRIDGE]
    diagnosed = [c for c in bridges if c.attributes.get("soundness") in effects.states]
    if not diagnosed:
        raise BadInput("no bridge has a diagnosis (soundness I to IV); import a ledger with one")
    chain = chosen_ageing(connection, ageing or request.ageing)
    works = {
        line.asset_id: Treatment(
            work=Work(line.work), year=line.fiscal_year - request.terms.first_year
        )
        for line in programme.lines
        if line.fiscal_year is not None and line.work in REPAIRS
    }
    return forecast_grades(
        [str(case.attributes["soundness"]) for case in diagnosed],
        [works.get(case.asset_id) for case in diagnosed],
        chain.transitions([case.attributes for case in diagnosed]),
        effects=effects,
        steps=steps,
        left_out={
            "not diagnosed": len(bridges) - len(diagnosed),
            "no bridge": len(known.cases) - len(bridges),
        },
    )
