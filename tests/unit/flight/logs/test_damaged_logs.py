"""Whatever the bytes of a log are: triggers, or one of Tenken's errors; never another."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flight.logs.opening import open_log
from inspection.errors import TenkenError
from tests.support.flightlog import binary_parts, line_flight, mrk_lines, text_log
from tests.unit.flight.logs.test_position_files import EVENTS, TABLE
from tests.unit.flight.logs.test_telemetry import packets

FLIGHT = line_flight(lines=1)
WHOLE: dict[str, Callable[[], bytes]] = {
    "BIN": lambda: b"".join(binary_parts(FLIGHT)),
    "log": lambda: text_log(FLIGHT).encode(),
    "tlog": lambda: b"".join(packets()[:29]),
    "MRK": lambda: "\n".join(mrk_lines(FLIGHT.triggers)).encode(),
    "pos": EVENTS.encode,
    "csv": TABLE.encode,
}


@pytest.mark.parametrize("form", sorted(WHOLE))
@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_damage_ends_in_triggers_or_in_words(
    tmp_path: Path, form: str, data: st.DataObject
) -> None:
    content = bytearray(WHOLE[form]())
    edits = data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=40)
    )
    for at, value in edits:
        content[at] = value
    cut = data.draw(st.integers(1, len(content)))
    path = tmp_path / f"a.{form}"
    path.write_bytes(bytes(content[:cut]))
    try:
        log = open_log(path)
    except TenkenError as error:
        assert str(error)
        return
    assert 0 < len(log.triggers) <= 30
    for trigger in log.triggers:
        assert trigger.lat_deg is None or abs(trigger.lat_deg) <= 90


def test_a_cell_that_csv_cannot_read_ends_the_table_and_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TABLE + '"' + "x" * 200_000 + "\n", encoding="utf-8")
    log = open_log(tmp_path / "a.csv")
    assert len(log.triggers) == 2
    assert "from line" in log.losses[0]
