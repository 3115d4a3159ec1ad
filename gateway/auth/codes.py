"""The codes in QR codes: two numbers with a signature."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256

from gateway.metrics import PREVIOUS_KEY
from gateway.parsing import parse_id
from protocol.ids import Kind

MAC_BYTES = 12


class CodeSigner:
    """Signs and verifies codes `<number>.<number>.<signature>` for one purpose. The first of `keys`
    signs, all of them are accepted; codes are valid only in their `epoch`."""

    def __init__(self, keys: tuple[str, ...], purpose: str, epoch: Callable[[], str]) -> None:
        self._keys = [key.encode() for key in keys]
        self._purpose = purpose
        self._epoch = epoch

    def sign(self, first: int, second: int) -> str:
        return self._with_signature(self._keys[0], first, second)

    def verify(self, code: str) -> tuple[int, int] | None:
        """The numbers in a code; None unless one of our keys signed it."""
        first_text, _, rest = code.partition(".")
        first, second = parse_id(first_text), parse_id(rest.partition(".")[0])
        if first is None or second is None:
            return None
        for key in self._keys:
            if hmac.compare_digest(
                self._with_signature(key, first, second).encode(), code.encode()
            ):
                if key != self._keys[0]:
                    PREVIOUS_KEY.add(label_value=self._purpose.replace("-", "_"))
                return first, second
        return None

    def _with_signature(self, key: bytes, first: int, second: int) -> str:
        epoch = self._epoch()
        purpose = f"{self._purpose}@{epoch}" if epoch else self._purpose
        message = f"{purpose}:{first}:{second}".encode()
        mac = hmac.digest(key, message, sha256)[:MAC_BYTES]
        return f"{first}.{second}.{urlsafe_b64encode(mac).decode()}"


def table_codes(keys: tuple[str, ...], epoch: Callable[[], str]) -> CodeSigner:
    """The signer of table codes: a table's id and its code's version, so that a new code voids the
    old one."""
    return CodeSigner(keys, "table-code", epoch)


def device_codes(keys: tuple[str, ...], epoch: Callable[[], str]) -> CodeSigner:
    """The signer of sign-in codes: a restaurant's id and a staff device's id."""
    return CodeSigner(keys, "device-code", epoch)


def claimed_table(code: str) -> str:
    """The table in an unverified code. Wrong guesses are counted by it."""
    table_id = parse_id(code.partition(".")[0])
    return f"{Kind.TABLE.value}:{table_id}"
