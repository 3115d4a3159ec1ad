"""Fuzz tests of message parsing. `targets.py` has the invariants; `test_fuzz.py` tries the corpus
and mutations of it; `python -m tests.fuzz` searches for more inputs with atheris."""
