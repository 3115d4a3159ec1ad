"""Closed-loop benchmarks, each beside its baselines in one run: `./restaurant-qr bench`."""
