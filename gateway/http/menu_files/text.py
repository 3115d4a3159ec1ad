"""The text of a file that someone chose: perhaps no text at all."""

import codecs

from domain.menu.wrong_row import WrongRow

_NO_TEXT = "This is no text file. Choose a CSV or JSON file"


def decode(data: bytes) -> str:
    """The text of a file. Raises WrongRow for what is no text in UTF-8, or UTF-16 with a mark."""
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise WrongRow(
            1, "", "This is a spreadsheet file. Save it as CSV UTF-8 in your spreadsheet program"
        )
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in data:
            raise WrongRow(1, "", _NO_TEXT) from None
        line = data.count(b"\n", 0, error.start) + 1
        raise WrongRow(line, "", "The text is not in UTF-8. Save the file as CSV UTF-8") from None
    if "\0" in text:
        raise WrongRow(1, "", _NO_TEXT)
    if not text.strip():
        raise WrongRow(1, "", "The file is empty")
    return text
