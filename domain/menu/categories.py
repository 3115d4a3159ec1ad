"""The categories of a menu while the rows of a file are merged into them."""

from collections.abc import Iterable

from domain.copy import replace
from domain.menu.replacement import BLANK_CATEGORY, part
from domain.menu.state import MenuCategory, MenuItem
from domain.menu.wrong_row import WrongRow
from protocol.menu import MAX_CATEGORIES, MAX_CATEGORY_ITEMS, CategoryRow


class Categories:
    """Categories in their order, found by name. They begin as `before`, or empty."""

    def __init__(self, before: Iterable[MenuCategory], *, is_empty: bool) -> None:
        before = tuple(before)
        self._before = {category.name: category for category in reversed(before)}
        self._categories: list[MenuCategory] = []
        self._items: list[dict[int, MenuItem]] = []
        self._numbers: dict[str, int] = {}
        self._of_item: dict[int, int] = {}
        for category in () if is_empty else before:
            number = self._add(category)
            self._items[number] = {item.id: item for item in category.items}
            self._of_item |= dict.fromkeys(self._items[number], number)

    def change(self, row: CategoryRow) -> tuple[MenuCategory | None, MenuCategory]:
        """Set the fields of a category. Returns it before and after. Raises WrongRow."""
        number = self._number(row.line, "name", row.name)
        after = part(BLANK_CATEGORY, self._categories[number], row)
        self._categories[number] = after
        return self._before.get(row.name), after

    def place(self, line: int, item: MenuItem, name: str) -> None:
        """Put an item at its place if it has one in this category, else at the end. Raises
        WrongRow."""
        number = self._of_item.get(item.id)
        if number is None or self._categories[number].name != name:
            target = self._number(line, "category", name)
            if len(self._items[target]) >= MAX_CATEGORY_ITEMS:
                raise WrongRow(
                    line, "category", f"a category has at most {MAX_CATEGORY_ITEMS} items"
                )
            if number is not None:
                del self._items[number][item.id]
            number = self._of_item[item.id] = target
        self._items[number][item.id] = item

    def has(self, name: str) -> bool:
        return name in self._numbers

    def result(self) -> tuple[MenuCategory, ...]:
        return tuple(
            replace(category, items=tuple(items.values()))
            for category, items in zip(self._categories, self._items, strict=True)
        )

    def _number(self, line: int, column: str, name: str) -> int:
        """The place of a category, which is added if there is none of that name."""
        number = self._numbers.get(name)
        if number is not None:
            return number
        if len(self._categories) >= MAX_CATEGORIES:
            raise WrongRow(line, column, f"a menu has at most {MAX_CATEGORIES} categories")
        return self._add(self._before.get(name) or MenuCategory(name, ()))

    def _add(self, category: MenuCategory) -> int:
        number = len(self._categories)
        self._categories.append(category)
        self._items.append({})
        self._numbers.setdefault(category.name, number)
        return number
