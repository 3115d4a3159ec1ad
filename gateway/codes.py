"""The codes in QR codes: two numbers, signed, so that nobody can make one."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256

from gateway.metrics import PREVIOUS_KEY
from gateway.parsing import parse_id
from protocol.ids import Kind

MAC_BYTES = 12


class Codes:
    """Makes and checks codes `<number>.<number>.<signature>` of one purpose; those of another are
    not good for it. The first of `keys` signs, all of them are accepted; codes are
    valid only in their `epoch`."""

    def __init__(self, keys: tuple[str, ...], purpose: str, epoch: Callable[[], str]) -> None:
        self._keys = [key.encode() for key in keys]
        self._purpose = purpose
        self._epoch = epoch

    def code(self, first: int, second: int) -> str:
        return self._signed(self._keys[0], first, second)

    def read(self, code: str) -> tuple[int, int] | None:
        """The numbers that a code was made for; None unless one of our keys signed it."""
        first_text, _, rest = code.partition(".")
        first, second = parse_id(first_text), parse_id(rest.partition(".")[0])
        if first is None or second is None:
            return None
        for key in self._keys:
            if hmac.compare_digest(self._signed(key, first, second).encode(), code.encode()):
                if key != self._keys[0]:
                    PREVIOUS_KEY.add(of=self._purpose.replace("-", "_"))
                return first, second
        return None

    def _signed(self, key: bytes, first: int, second: int) -> str:
        epoch = self._epoch()
        purpose = f"{self._purpose}@{epoch}" if epoch else self._purpose
        message = f"{purpose}:{first}:{second}".encode()
        mac = hmac.digest(key, message, sha256)[:MAC_BYTES]
        return f"{first}.{second}.{urlsafe_b64encode(mac).decode()}"


def table_codes(keys: tuple[str, ...], epoch: Callable[[], str]) -> Codes:
    """Of a table's id and the version of its code, so that a new one voids the old."""
    return Codes(keys, "table-code", epoch)


def device_codes(keys: tuple[str, ...], epoch: Callable[[], str]) -> Codes:
    """Of a restaurant's id and a staff device's."""
    return Codes(keys, "device-code", epoch)


def named_table(code: str) -> str:
    """What a code says that its table is, true or not: whose wrong guesses it counts among."""
    table_id = parse_id(code.partition(".")[0])
    return f"{Kind.TABLE.value}:{table_id}"
