"""What the hot paths cost, in instructions and calls: counted, so that a slow machine changes
nothing. `bounds.py` holds what is allowed."""
