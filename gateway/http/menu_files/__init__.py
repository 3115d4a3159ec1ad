"""Files of menus, to export and to import: CSV with the items, JSON with all of it."""
