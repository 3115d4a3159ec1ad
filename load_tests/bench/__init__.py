"""Closed-loop benchmarks: `python -m load_tests.bench`, each beside its baselines in the same run."""
