"""Recognises HTTP answers of the service. All others come from intermediaries such as proxies or
captive portals, and say nothing about the outcome of a request."""

from typing import Any

from restaurant_qr_client.protocol import ANSWER_FIELDS, CODES


def is_success(status: int, body: Any) -> bool:
    """Whether the service has carried out the request."""
    is_object = 200 <= status < 300 and isinstance(body, dict)
    return is_object and not body.keys().isdisjoint(ANSWER_FIELDS)


def is_refusal(status: int, body: Any) -> bool:
    """Whether an answer is an error of this protocol, with a message and one of its codes."""
    return (
        status >= 400
        and isinstance(body, dict)
        and isinstance(body.get("error"), str)
        and isinstance(body.get("code"), str)
        and body["code"] in CODES
    )
