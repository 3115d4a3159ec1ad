"""Which HTTP answers are the service's. Anything else comes from something in between, such as a
proxy or a captive portal, and says nothing about the outcome of a request."""

from typing import Any

from restaurant_qr_client.protocol import ANSWER_FIELDS, CODES


def is_success(status: int, body: Any) -> bool:
    """Whether the service has done what it was asked for."""
    is_object = 200 <= status < 300 and isinstance(body, dict)
    return is_object and not body.keys().isdisjoint(ANSWER_FIELDS)


def is_refusal(status: int, body: Any) -> bool:
    """Whether it is an error of this protocol, with a sentence and one of the codes."""
    return (
        status >= 400
        and isinstance(body, dict)
        and isinstance(body.get("error"), str)
        and isinstance(body.get("code"), str)
        and body["code"] in CODES
    )
