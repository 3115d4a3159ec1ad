"""An order: its items, its money, its lifecycle."""
