"""Recognizes HTTP responses of the service. All others are of intermediaries, such as proxies and
captive portals, and leave the outcome of a request unknown."""

from typing import Any

from restaurant_qr_wire.errors import ANSWER_FIELDS, ERRORS


def is_success(status: int, body: Any) -> bool:
    """Whether the service carried out the request."""
    is_object = 200 <= status < 300 and isinstance(body, dict)
    return is_object and not body.keys().isdisjoint(ANSWER_FIELDS)


def is_refusal(status: int, body: Any) -> bool:
    """Whether a response is an error of this protocol, with a message and one of its codes."""
    return (
        status >= 400
        and isinstance(body, dict)
        and isinstance(body.get("error"), str)
        and isinstance(body.get("code"), str)
        and body["code"] in ERRORS
    )
