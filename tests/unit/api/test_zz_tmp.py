from tests.unit.api.conftest import *
from tests.unit.api.test_fuzz import there
from tests.support.fuzzing import fuzz, things
from tests.support.modelrows import offered, publish


def test_mine(there, services, seeded):
    publish(services.engine, NOW, offered(now=NOW))
    t = fuzz(
        there,
        things(seeded),
        examples=8,
        phases=["coverage", "fuzzing"],
        operations="^/api/(models|trials|surveys/\\{survey_id\\}/model)",
    )
    print(t.told())
    assert t.faults == {}, t.told()
