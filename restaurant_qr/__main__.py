"""`python -m restaurant_qr`."""

import sys

if __name__ == "__main__":
    if sys.argv[1:] == ["run"]:  # no options to parse: saves the 0.3 s that importing Typer takes
        from scripts.run import main

        sys.exit(main([]))
    from restaurant_qr.app import app

    app(prog_name="restaurant-qr")
