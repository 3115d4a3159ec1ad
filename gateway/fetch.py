"""One small document of another host.

Imported only where there is one to fetch: aiohttp is large, and nothing else needs it.
"""

import aiohttp

TIMEOUT_S = 5.0
MAX_BYTES = 256 * 1024


class FetchFailed(Exception):
    """There is no such document, or its host is away; the text says why."""


async def fetch(url: str) -> bytes:
    """What is at `url`, which must answer 200 itself: redirects are not followed.

    Raises FetchFailed after `TIMEOUT_S`, beyond `MAX_BYTES`, and at whatever else goes wrong.
    """
    session = aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        auto_decompress=False,  # so that the limit counts what there is to read
    )
    try:
        async with session, session.get(url, allow_redirects=False) as response:
            if response.status != 200:
                raise FetchFailed(f"it answered {response.status}")
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise FetchFailed(f"it is longer than {MAX_BYTES} bytes")
            return bytes(body)
    except TimeoutError:
        raise FetchFailed(f"there was no answer within {TIMEOUT_S:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise FetchFailed(str(error) or type(error).__name__) from error
