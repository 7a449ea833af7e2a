# ruff: noqa: S608 the statements are written of names and words of this file only
"""Let each survey show the sighting that stood in it: a drawing outlasts later sightings elsewhere.

A survey showed the sighting that had arrived last. When a later survey had seen the defect, another
run of the earlier one took the place of what an engineer had drawn there, and so did a drawing that
had been taken back. Which drawing stood in a survey is read off the shares of the edits.
"""

from alembic import op

from inspection.store.migrations.versions import r0047_scale as before

revision = "r0067_mend"
down_revision = "r0061_models"

MACHINE = "AND p.model_id <> 'hand' "

LAST = (
    "(SELECT p.observation_id FROM defect_observations k "
    "JOIN observations p ON p.observation_id = k.observation_id "
    "WHERE k.defect_id = d.defect_id AND p.survey_id = o.survey_id {0}"
    "ORDER BY p.seq DESC LIMIT 1)"
)

SHOWN = (
    "o.observation_id = COALESCE((SELECT p.observation_id "
    "FROM observations p WHERE p.observation_id = d.latest_observation_id "
    "AND p.survey_id = o.survey_id), (SELECT p.observation_id FROM observations p "
    "WHERE p.model_id = 'hand' AND p.observation_id = (SELECT s.observation_after "
    "FROM edit_shares s JOIN edits e ON e.edit_id = s.edit_id "
    "JOIN observations a ON a.observation_id = s.observation_after "
    "WHERE s.defect_id = d.defect_id AND a.survey_id = o.survey_id "
    f"ORDER BY e.seq DESC LIMIT 1)), {LAST.format(MACHINE)}, {LAST.format('')})"
)
"""The sighting by which the defect is known now; else the drawing that the last edit left in this
survey; else what a machine saw there last."""

FOLLOWING = (
    "defect_tied",
    "defect_tied_anew",
    "defect_untied",
    "defect_seen_anew",
    "observation_replaced",
)
"""Triggers that say which sighting is shown."""

COUNT = (
    "DECLARE me text := txid_current() || ' ' || transaction_timestamp(); "
    "mine uuid := COALESCE(new.survey_id, old.survey_id); BEGIN "
    "IF EXISTS (SELECT 1 FROM survey_revisions r WHERE r.survey_id = mine "
    "AND r.changed_by IS DISTINCT FROM me) THEN "
    "PERFORM 1 FROM survey_revisions r JOIN surveys s ON s.survey_id = r.survey_id "
    "WHERE s.asset_id = (SELECT o.asset_id FROM surveys o WHERE o.survey_id = mine) "
    "ORDER BY r.seq FOR UPDATE OF r; "
    "UPDATE survey_revisions SET revision = revision + 1, changed_by = me "
    "WHERE survey_id = mine AND changed_by IS DISTINCT FROM me; "
    "END IF; RETURN NULL; END"
)
"""Counting takes the numbers of all surveys of an asset, in one order: a defect that two surveys
saw counts in both, and two transactions that took them one by one waited for each other."""


def upgrade() -> None:
    """Write the triggers anew, and what they would have kept of the defects that were edited."""
    engine = op.get_bind().dialect.name
    for name, (moment, statements) in moments(engine).items():
        if engine == "postgresql":
            op.execute(
                f"CREATE OR REPLACE FUNCTION tenken_{name}() RETURNS trigger LANGUAGE plpgsql "
                f"AS $$ BEGIN {statements} RETURN NULL; END $$"
            )
            continue
        op.execute(f"DROP TRIGGER tenken_{name}")
        op.execute(f"CREATE TRIGGER tenken_{name} AFTER {moment} BEGIN {statements} END")
    if engine == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION tenken_count() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ {COUNT} $$"
        )
    op.execute(see(engine, "d.defect_id IN (SELECT defect_id FROM edit_shares)"))


def see(engine: str, which: str) -> str:
    """Write the statement that adds or renews the rows of some defects or ties, in place."""
    return before.see(engine, which).replace(before.SHOWN, SHOWN)


def moments(engine: str) -> dict[str, tuple[str, str]]:
    """Say what follows from what, by the name of the trigger: the moment, and the statements."""
    return {
        name: (moment, statements.replace(before.SHOWN, SHOWN))
        for name, (moment, statements) in before._moments(engine).items()
        if name in FOLLOWING
    }
