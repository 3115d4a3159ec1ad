"""Load tests that are correctness tests too; `python -m load_tests`, see README.md."""
