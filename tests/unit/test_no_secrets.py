"""Tracked files contain no private key and no token."""

import re
import subprocess

import pytest

from scripts.environment import ROOT

SECRETS = {
    "a private key": rb"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a token": rb"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    "a password in an address": rb"(?:redis|rediss|https?)://[^\s/:@'\"`<>{}$]*:[^\s/:@'\"`<>{}$*]+@",
    "a cloud's key": rb"(?:AKIA|ASIA)[A-Z0-9]{16}",
}
EXAMPLE_SECRETS = {b"secret", b"password", b"sesame", b"pw"}


@pytest.mark.parametrize("what", SECRETS)
def test_no_tracked_file_contains_a_secret(what: str) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    found = []
    for name in listed.stdout.decode().split("\0")[:-1]:
        content = (ROOT / name).read_bytes()
        for match in re.finditer(SECRETS[what], content):
            if not any(word in match[0].lower() for word in EXAMPLE_SECRETS):
                found.append((name, match[0][:80]))
    assert found == []
