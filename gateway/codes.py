"""The codes in QR codes: signed, so that nobody can make one; those of tables are numbered, so that
a new one voids the old."""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256

from gateway.parsing import parse_id
from protocol.ids import Kind

MAC_BYTES = 12


class TableCodes:
    """Makes and checks codes `<table id>.<version>.<signature>`."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def code(self, table_id: int, version: int) -> str:
        message = f"table-code:{table_id}:{version}".encode()
        mac = hmac.digest(self._secret, message, sha256)[:MAC_BYTES]
        return f"{table_id}.{version}.{urlsafe_b64encode(mac).decode()}"

    def table(self, code: str) -> tuple[int, int] | None:
        """The table and version that a code was made for; None where it is none of ours."""
        id_text, _, rest = code.partition(".")
        version_text, _, _ = rest.partition(".")
        table_id, version = parse_id(id_text), parse_id(version_text)
        if table_id is None or version is None:
            return None
        if not hmac.compare_digest(self.code(table_id, version).encode(), code.encode()):
            return None
        return table_id, version


class DeviceCodes:
    """Makes and checks codes `<restaurant id>.<device id>.<signature>` that sign a device in."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def code(self, restaurant: int, device_id: int) -> str:
        message = f"device-code:{restaurant}:{device_id}".encode()
        mac = hmac.digest(self._secret, message, sha256)[:MAC_BYTES]
        return f"{restaurant}.{device_id}.{urlsafe_b64encode(mac).decode()}"

    def device(self, code: str) -> tuple[int, int] | None:
        """The restaurant and device that a code was made for; None where it is none of ours."""
        restaurant_text, _, rest = code.partition(".")
        device_text, _, _ = rest.partition(".")
        restaurant, device_id = parse_id(restaurant_text), parse_id(device_text)
        if restaurant is None or device_id is None:
            return None
        if not hmac.compare_digest(self.code(restaurant, device_id).encode(), code.encode()):
            return None
        return restaurant, device_id


def named_table(code: str) -> str:
    """What a code says that its table is, true or not: whose wrong guesses it counts among."""
    table_id = parse_id(code.partition(".")[0])
    return f"{Kind.TABLE.value}:{table_id}"
