"""Messages of any bytes. `targets.py` says what must hold of each; `test_fuzz.py` tries what is
kept in `corpus/` and what can be made of it; `python -m tests.fuzz` lets atheris find more."""
