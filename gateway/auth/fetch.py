"""Fetches one small document from another host.

Imported only if an identity provider is set: aiohttp is large, and nothing else needs it.
"""

import aiohttp

TIMEOUT_S = 5.0
MAX_BYTES = 256 * 1024


class FetchFailed(Exception):
    """The document cannot be fetched; the text says why."""


async def fetch(url: str) -> bytes:
    """Fetch the document at `url`. The response must be 200; redirects are not followed.

    Raises FetchFailed after `TIMEOUT_S`, beyond `MAX_BYTES`, and for any other failure.
    """
    session = aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        auto_decompress=False,  # so that the limit applies to the received bytes
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
