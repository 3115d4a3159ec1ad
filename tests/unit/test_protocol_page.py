"""`docs/protocol.md` lists every channel, message, action, error code and close code."""

import re

import pytest

from protocol.codec import ACTIONS
from protocol.errors import CLIENT_ACTIONS, ERRORS, CloseCode
from protocol.ids import Channel
from restaurant_qr_wire.channels import MESSAGES, PATHS
from scripts.environment import ROOT

PAGE = (ROOT / "docs" / "protocol.md").read_text()
ROWS = [
    [set(re.findall(r"`([^`]+)`", cell)) or {cell.strip()} for cell in line[1:-1].split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith("| ")
]


@pytest.mark.parametrize("channel", Channel, ids=lambda channel: channel.value)
def test_the_protocol_page_lists_messages_and_actions_of_each_channel(channel: Channel) -> None:
    path = PATHS[channel].removesuffix("/").replace("{id}", "<id>")
    [[_, snapshot, events, actions]] = [row for row in ROWS if row[0] == {path}]
    assert snapshot | events == set(MESSAGES[channel])
    assert actions == set(ACTIONS[channel])


def test_the_protocol_page_lists_each_error_code_with_its_status() -> None:
    listed = {
        (code, int(next(iter(row[1]))))
        for row in ROWS
        if len(row) == 3 and re.fullmatch(r"4\d\d|5\d\d", next(iter(row[1])))
        for code in row[0]
    }
    assert listed == {(code.value, rule.http_status) for code, rule in ERRORS.items()}


def test_the_protocol_page_lists_each_close_code() -> None:
    listed = {int(next(iter(row[0]))) for row in ROWS if next(iter(row[0])).isdecimal()}
    assert listed == {code.value for code in CloseCode} == {code.value for code in CLIENT_ACTIONS}
