"""The command line for operators and developers: `./restaurant-qr --help`.

Only parsing, progress and output. The commands are implemented in `scripts`, `load_tests` and
`tests`, which a command imports when it runs. The service never imports this package.
"""
