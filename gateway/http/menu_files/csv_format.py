"""A menu's items as CSV: RFC 4180, UTF-8 with a byte order mark, which spreadsheet programs need.

The first line names the columns, in any order; those that are missing keep their value.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from domain.menu.state import MenuContent, MenuItem
from domain.menu.wrong_row import WrongRow
from gateway.http.menu_files.cells import WrongCell, escape, item_cells, parse_cell
from gateway.http.menu_files.rows import MAX_ROWS, MenuRows, checked
from gateway.http.menu_files.text import decode
from protocol.menu import ItemRow

COLUMNS = (
    "category", "external_id", "id", "name", "description", "price", "available", "portions",
    "allergens", "diets", "hours", "option_groups",
)  # fmt: skip
TEXTS = ("name", "description")
"""Fields with a column for each language, such as `name_de`."""
_TRANSLATION = re.compile(r"(name|description)_([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,4}){0,2})")
_DELIMITERS = ",;\t"
_FIELDS = {"option_groups": "option_group_ids"}
_NAMES = {field: column for column, field in _FIELDS.items()}


# --- export --------------------------------------------------------------------------------------


def write_csv(content: MenuContent, *, decimal_comma: bool = False) -> bytes:
    """The items of a menu. With `decimal_comma` cells are separated by semicolons, as spreadsheet
    programs of countries with such decimals expect."""
    groups = content.groups()
    tags = sorted({tag for item in content.items().values() for tag in item.translations})
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";" if decimal_comma else ",")
    writer.writerow([*COLUMNS, *(f"{text}_{tag}" for tag in tags for text in TEXTS)])
    for category in content.categories:
        for item in category.items:
            cells = item_cells(item, category.name, groups, decimal_comma=decimal_comma)
            writer.writerow([*cells.values(), *_texts(item, tags)])
    return codecs.BOM_UTF8 + out.getvalue().encode()


def _texts(item: MenuItem, tags: Sequence[str]) -> Iterator[str]:
    for tag in tags:
        texts = item.translations.get(tag)
        yield "" if texts is None else escape(texts.name)
        yield "" if texts is None else escape(texts.description)


# --- import --------------------------------------------------------------------------------------


def read_csv(data: bytes) -> MenuRows:
    """The items of a file. Raises WrongRow if it cannot be read at all."""
    text = decode(data)
    delimiter = max(_DELIMITERS, key=lambda each: _known_columns(text, each))
    if not _known_columns(text, delimiter):
        raise WrongRow(1, "", f"The first line must name the columns: {', '.join(COLUMNS)}")
    records = _records(text, delimiter)
    line, header = next(records)
    columns = [_column(line, cell) for cell in header]
    _check_columns(line, columns)
    rows = MenuRows()
    try:
        for line, cells in records:
            if len(rows.items) + len(rows.wrong) >= MAX_ROWS:
                raise WrongRow(line, "", f"A file has at most {MAX_ROWS} items")
            try:
                rows.items.append(_item(line, columns, cells))
            except WrongRow as error:
                rows.wrong.append(error.row)
    except WrongRow as error:  # what follows cannot be read
        rows.wrong.append(error.row)
    return rows


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The records that are not empty, each with the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise WrongRow(
                line, "", f"The line cannot be read ({error}). Check its quotation marks"
            ) from None
        if any(cell.strip() for cell in cells):
            yield line, cells
        line = reader.line_num + 1


def _known_columns(text: str, delimiter: str) -> int:
    try:
        _, header = next(_records(text, delimiter), (1, []))
    except WrongRow:
        return 0
    return sum(_canonical(cell) in COLUMNS for cell in header)


def _canonical(cell: str) -> str:
    return cell.strip().lower().replace(" ", "_")


def _column(line: int, cell: str) -> str:
    """The column that a cell of the first line names; "" for an empty cell. Raises WrongRow."""
    name = _canonical(cell)
    if name in ("", *COLUMNS):
        return name
    match = _TRANSLATION.fullmatch(name)
    if match is None:
        raise WrongRow(
            line,
            cell.strip()[:40],
            f"there is no such column. The columns are {', '.join(COLUMNS)}, and name_de and "
            "description_de for each language",
        )
    language, *others = match[2].split("-")
    others = [each.title() if len(each) == 4 else each.upper() for each in others]
    return f"{match[1]}_{'-'.join([language, *others])}"


def _check_columns(line: int, columns: Iterable[str]) -> None:
    """Raise WrongRow if a column is named twice."""
    seen = set()
    for column in columns:
        if column and column in seen:
            raise WrongRow(line, column, "two columns have this name. Remove one of them")
        seen.add(column)


def _item(line: int, columns: Sequence[str], cells: Sequence[str]) -> ItemRow:
    if any(cell.strip() for cell in cells[len(columns) :]):
        raise WrongRow(line, "", "The line has more cells than the first line has columns")
    fields: dict[str, Any] = {"line": line}
    texts: dict[str, dict[str, Any]] = {}
    for column, cell in zip(columns, cells, strict=False):
        if not cell.strip():
            continue
        if not column:
            raise WrongRow(line, "", f'The column of "{cell.strip()[:40]}" has no name')
        try:
            value = parse_cell(column, cell)
        except WrongCell as error:
            raise WrongRow(line, column, str(error)) from None
        text, _, tag = column.partition("_")
        if text in TEXTS and tag:
            texts.setdefault(tag, {})[text] = value
        else:
            fields[_FIELDS.get(column, column)] = value
    try:
        return checked(ItemRow, line, {**fields, "texts": texts})
    except WrongRow as error:
        raise WrongRow(line, _column_of(error.column), error.why) from None


def _column_of(path: str) -> str:
    """The column of a field that is wrong."""
    first, *rest = path.split(".")
    if first == "texts" and len(rest) > 1:
        return f"{rest[1]}_{rest[0]}" if rest[1] in TEXTS else f"name_{rest[0]}"
    return _NAMES.get(first, first)
