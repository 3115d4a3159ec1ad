"""The bodies of requests, within the limits of size, time and the caller's rate."""

import asyncio

from starlette.requests import Request

from gateway.limits import RATE_LIMITED, KeyedRateLimiter, message_cost, record_violation
from gateway.metrics import LIMIT_VIOLATIONS
from gateway.settings import Limits
from protocol.errors import Code, Rejected
from protocol.limits import too_large


class BodyReader:
    """Reads bodies, and counts them against the rates of their callers."""

    def __init__(self, limits: Limits, rate_limiter: KeyedRateLimiter) -> None:
        self._limits = limits
        self._rate_limiter = rate_limiter

    async def read(
        self, request: Request, limit: int, quota_key: str | None = None
    ) -> bytes | Rejected:
        """The body of a request. A declared length counts against the caller's rate before the body
        is read; a body without one counts as it arrives."""
        declared, body = _content_length(request), bytearray()
        if declared > limit:
            return record_violation(too_large(limit, "body"))
        charged = message_cost(declared)
        if not self.charge(quota_key, charged - 1):  # the request has already counted as one
            return RATE_LIMITED
        seconds = self._limits.body_timeout_s
        try:
            async with asyncio.timeout(seconds):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > limit:
                        return record_violation(too_large(limit, "body"))
                    more = message_cost(len(body)) - charged
                    if more > 0:
                        charged += more
                        if not self.charge(quota_key, more):
                            return RATE_LIMITED
        except TimeoutError:
            LIMIT_VIOLATIONS.add(label_value="body_time")
            return Rejected(Code.INVALID_MESSAGE, f"The body did not arrive within {seconds:g} s.")
        return bytes(body)

    def charge(self, quota_key: str | None, count: int) -> bool:
        """Count that many requests of a caller; False if it is over its rate. The key None is
        unlimited."""
        return quota_key is None or self._rate_limiter.take(quota_key, count)


def _content_length(request: Request) -> int:
    """The length that a request declares for its body; 0 if it declares none."""
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else 0
