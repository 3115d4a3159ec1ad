"""An order: its items, payments and lifecycle."""
