"""Budgets of instructions and calls of the hot paths, which do not depend on the machine's speed.
`bounds.py` has the budgets."""
