"""Closed-loop benchmarks, each beside its baselines in one run: `python -m load_tests.bench`."""
