# ruff: noqa: S608 the statements are written of names and words of this file only
"""Say which mosaic of a survey stands, which run saw what last, and when damage was known first.

A survey that goes back to an earlier mosaic or model shows what stood then, not what arrived last:
``orthomosaics.stands`` and ``observations.turn``. Both were read off the order of arrival before,
and rows of before are filled, or left, as that order had them. The moment at which a survey was
finished first stands with it: the ledger forgets a step that is done again.
"""

from alembic import op
from sqlalchemy import Boolean, Column, Integer

from inspection.store.columns import UtcDateTime
from inspection.store.migrations.versions import r0067_mend as before

revision = "r0070_stand"
down_revision = "r0064_prod"

SHOWN = before.SHOWN.replace("ORDER BY p.seq DESC", "ORDER BY COALESCE(p.turn, 0) DESC, p.seq DESC")
"""As in ``r0067_mend``, but of what a machine saw the last run counts, whenever its rows came."""


def upgrade() -> None:
    """Add the columns, fill them, and write the triggers that say what is shown anew."""
    engine = op.get_bind().dialect.name
    op.add_column("surveys", Column("known_at", UtcDateTime))
    op.add_column("orthomosaics", Column("stands", Boolean))
    op.add_column("observations", Column("turn", Integer))
    op.execute(
        "UPDATE surveys SET known_at = (SELECT MIN(s.finished_at) FROM steps s "
        "WHERE s.survey_id = surveys.survey_id AND s.step = 'consolidate')"
    )
    yes, no = ("1", "0") if engine == "sqlite" else ("true", "false")
    op.execute(
        "UPDATE orthomosaics SET stands = CASE WHEN seq = (SELECT MAX(o.seq) FROM orthomosaics o "
        f"WHERE o.survey_id = orthomosaics.survey_id) THEN {yes} ELSE {no} END"
    )
    for name, (moment, statements) in moments(engine).items():
        if engine == "postgresql":
            op.execute(
                f"CREATE OR REPLACE FUNCTION tenken_{name}() RETURNS trigger LANGUAGE plpgsql "
                f"AS $$ BEGIN {statements} RETURN NULL; END $$"
            )
            continue
        op.execute(f"DROP TRIGGER tenken_{name}")
        op.execute(f"CREATE TRIGGER tenken_{name} AFTER {moment} BEGIN {statements} END")


def see(engine: str, which: str) -> str:
    """Write the statement that adds or renews the rows of some defects or ties, in place."""
    return before.see(engine, which).replace(before.SHOWN, SHOWN)


def moments(engine: str) -> dict[str, tuple[str, str]]:
    """Say what follows from what, by the name of the trigger: the moment, and the statements."""
    return {
        name: (moment, statements.replace(before.SHOWN, SHOWN))
        for name, (moment, statements) in before.moments(engine).items()
    }
