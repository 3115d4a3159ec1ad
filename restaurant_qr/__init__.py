"""The command line for operators and developers: `./restaurant-qr --help`.

Parsing, progress and output only; what a command does is in `scripts`, `load_tests` and `tests`,
which it imports when it is called. The service never imports this package.
"""
