"""Parses ids in paths and codes."""

MAX_ID = 2**53 - 1


def parse_id(text: str) -> int | None:
    """The id in a path; None unless it is a positive integer."""
    if not (text.isascii() and text.isdigit()) or len(text) > 16 or text[0] == "0":
        return None
    id_ = int(text)
    return id_ if id_ <= MAX_ID else None
