"""HTML written by hand: what is text is escaped, and what is HTML says so by its type."""

import json
import re
from collections.abc import Iterable
from html import escape
from typing import Any

_CODE = re.compile(r"`([^`]+)`")


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def safe(text: object) -> Html:
    return text if isinstance(text, Html) else Html(escape(str(text)))


def tag(name: str, *inside: object, **attributes: str) -> Html:
    """An element; `class_` is the attribute `class`."""
    given = "".join(
        f' {key.rstrip("_")}="{escape(value)}"' for key, value in attributes.items() if value
    )
    return Html(f"<{name}{given}>{joined(inside)}</{name}>")


def joined(parts: Iterable[object]) -> Html:
    return Html("".join(safe(part) for part in parts))


def prose(text: str) -> Html:
    """Paragraphs of plain text, in which code stands between backticks."""
    return joined(tag("p", line(each)) for each in text.strip().split("\n\n"))


def line(text: str) -> Html:
    """A line of prose: `code` stands between backticks."""
    return Html(_CODE.sub(r"<code>\1</code>", escape(text, quote=False)))


def example(value: Any) -> Html:
    """Which who has no mouse can scroll, too."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return tag("pre", tag("code", text), tabindex="0")
