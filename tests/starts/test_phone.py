"""`make run PHONE=1`: a phone in the machine's network joins by the printed codes."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
import segno

from restaurant_qr.exits import Exit
from tests.e2e.service import free_port, launch, remaining_processes

pytestmark = pytest.mark.e2e

ADDRESS = "192.168.77.20"
PHONE = """
import sys, urllib.error, urllib.request
method, url, token, body = sys.argv[1:]
headers = {"Content-Type": "application/json"} | ({"Authorization": token} if token else {})
request = urllib.request.Request(url, body.encode() or None, headers, method=method)
try:
    answer = urllib.request.urlopen(request, timeout=20)
except urllib.error.HTTPError as refused:
    answer = refused
print(answer.status, answer.read().decode())
"""


@pytest.fixture
def network() -> Iterator[list[str]]:
    """Command prefix to enter an isolated network with this machine's `ADDRESS`."""
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    set_up = (
        "ip link set lo up && ip link add rq0 type veth peer name rq1 && ip link set rq0 up && "
        f"ip link set rq1 up && ip address add {ADDRESS}/24 dev rq0 && echo ready && exec cat"
    )
    try:
        holder = subprocess.Popen(
            ["unshare", *as_root, "--net", "sh", "-c", set_up],
            env=os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except OSError as error:
        pytest.skip(f"network namespaces are not available: {error}")
    assert holder.stdout is not None
    first_line = holder.stdout.readline()
    if first_line != "ready\n":
        pytest.skip(f"network namespaces are not available: {first_line}")
    user = ["--user", "--preserve-credentials"] if as_root else []
    yield ["nsenter", "--target", str(holder.pid), "--net", *user]
    holder.communicate(timeout=10)


def send_from_phone(
    network: list[str], method: str, url: str, token: str = "", body: str = ""
) -> str:
    """Status and body of a response to a device in the network."""
    return subprocess.run(
        [*network, sys.executable, "-c", PHONE, method, url, token, body],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def rendered(url: str) -> str:
    """A QR code as text for a terminal."""
    shown = StringIO()
    segno.make(url, error="l", micro=False).terminal(shown, border=2, compact=True)
    return shown.getvalue()


def test_a_phone_joins_by_the_printed_code(network: list[str], tmp_path: Path) -> None:
    port = free_port()
    base = f"http://{ADDRESS}:{port}"
    process = launch(tmp_path, "--phone", "1", enter=network, PORT=port, PLACEMENT="shard")
    assert process.stdout is not None
    output = ""
    try:
        for line in process.stdout:
            output += line
            if line.startswith("Press Ctrl-C"):
                break
        links = dict(re.findall(r"^    (\w[\w ]*?) +(http://\S+#\S+)$", output, re.M))
        assert set(links) == {"start page", "guest", "kitchen", "waiter", "manager"}, output
        assert all(url.startswith(f"{base}/") for url in links.values())
        assert rendered(links["guest"]) in output
        assert rendered(links["manager"]) in output

        page, code = links["guest"].split("#join=")
        assert send_from_phone(network, "GET", page).startswith("200 <!doctype html>")
        body = json.dumps({"table_code": code})
        status, _, joined = send_from_phone(
            network, "POST", f"{base}/api/sessions/join", "", body
        ).partition(" ")
        assert status == "200", joined
        assert json.loads(joined)["data"]["restaurant_id"] == 2

        token = links["manager"].partition("#token=")[2]
        home = f"{base}/api/restaurants/2"
        assert send_from_phone(network, "GET", home, f"Bearer {token}").startswith("200 ")
        assert send_from_phone(network, "GET", home).startswith("401 "), "a token is required"
        sheet = send_from_phone(network, "GET", f"{base}/api/tables/5/code", f"Bearer {token}")
        assert f"{base}/guest/" in sheet, "printed codes have the same address"
    finally:
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0]
    assert process.returncode == 0, output + rest
    assert not remaining_processes(tmp_path)


@pytest.mark.parametrize(
    ("phone", "error"),
    [("1", "no address that a phone could reach"), ("127.0.0.1", "PHONE=127.0.0.1 is not")],
)
def test_make_run_without_an_address_for_phones_fails_with_one_sentence(
    phone: str, error: str, tmp_path: Path
) -> None:
    unshare = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--net"]
    if subprocess.run([*unshare, "true"], check=False, capture_output=True).returncode:
        pytest.skip("network namespaces are not available")
    process = launch(tmp_path, "--phone", phone, enter=unshare, PORT=free_port())
    output = process.communicate(timeout=60)[0]
    assert process.returncode == Exit.CANNOT
    assert error in output
    assert len(output.splitlines()) == 1, output
