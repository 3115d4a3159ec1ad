"""Load tests that are correctness tests too; `./restaurant-qr load`, see README.md."""
