"""What breaks costs nobody what was acknowledged, and everybody comes back to where they were."""

import pytest

from tests.faults.faults import FAULTS, Fault
from tests.faults.network import NotHere
from tests.faults.stage import Stage

pytestmark = [pytest.mark.cluster, pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, id=fault.name, marks=() if fault.brief else pytest.mark.faults)
        for fault in FAULTS
    ],
)
def test_nothing_acknowledged_is_lost_or_done_twice(stage: Stage, fault: Fault) -> None:
    try:
        outcome = stage.play(fault)
    except NotHere as error:
        pytest.skip(str(error))
    assert outcome.wrong == []
    assert outcome.counts["parties"] > 0
    assert outcome.counts["events"] > 0
    assert outcome.counts["refused"] > 0
