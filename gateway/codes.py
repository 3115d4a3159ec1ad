"""The codes in QR codes: two numbers, signed, so that nobody can make one."""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256

from gateway.parsing import parse_id
from protocol.ids import Kind

MAC_BYTES = 12


class Codes:
    """Makes and checks codes `<number>.<number>.<signature>` of one purpose; those of another are
    not good for it."""

    def __init__(self, secret: str, purpose: str) -> None:
        self._secret = secret.encode()
        self._purpose = purpose

    def code(self, first: int, second: int) -> str:
        message = f"{self._purpose}:{first}:{second}".encode()
        mac = hmac.digest(self._secret, message, sha256)[:MAC_BYTES]
        return f"{first}.{second}.{urlsafe_b64encode(mac).decode()}"

    def read(self, code: str) -> tuple[int, int] | None:
        """The numbers that a code was made for; None where it is none of ours."""
        first_text, _, rest = code.partition(".")
        first, second = parse_id(first_text), parse_id(rest.partition(".")[0])
        if first is None or second is None:
            return None
        if not hmac.compare_digest(self.code(first, second).encode(), code.encode()):
            return None
        return first, second


def table_codes(secret: str) -> Codes:
    """Of a table's id and the version of its code, so that a new one voids the old."""
    return Codes(secret, "table-code")


def device_codes(secret: str) -> Codes:
    """Of a restaurant's id and a staff device's."""
    return Codes(secret, "device-code")


def named_table(code: str) -> str:
    """What a code says that its table is, true or not: whose wrong guesses it counts among."""
    table_id = parse_id(code.partition(".")[0])
    return f"{Kind.TABLE.value}:{table_id}"
