"""No acknowledged command is lost or repeated under any fault, and all clients recover."""

import pytest

from tests.faults.faults import FAULTS, Fault
from tests.faults.network import NotSupported
from tests.faults.trial_runner import TrialRunner

pytestmark = [pytest.mark.cluster, pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, id=fault.name, marks=() if fault.in_every_run else pytest.mark.faults)
        for fault in FAULTS
    ],
)
def test_no_acknowledged_command_is_lost_or_repeated(runner: TrialRunner, fault: Fault) -> None:
    try:
        outcome = runner.run(fault)
    except NotSupported as error:
        pytest.skip(str(error))
    assert outcome.violations == []
    assert outcome.counts["sessions"] > 0
    assert outcome.counts["events"] > 0
    assert outcome.counts["refused"] > 0
