"""Two workers on two network namespaces; one is cut off, comes back, and nothing differs.

The long one is ``python -m tests.benchmarks.cut_off --rounds 4``.
"""

import pytest

from tests.benchmarks.cut_off import live, undisturbed
from tests.support.islands import why_not
from tests.support.surviving import differences

pytestmark = [pytest.mark.services, pytest.mark.timeout(3600)]


def test_a_conductor_that_is_cut_off_is_replaced_and_nothing_differs() -> None:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    left, (went,) = live(1)
    assert went.role == "conductor"
    assert went.attempts >= 2  # the other worker took the job over while the cable was cut
    assert went.taken_over >= 1
    assert differences(undisturbed(1), left) == []
    assert len(left.rows["observations"]) == len(left.rows["defect_observations"]) >= 1
