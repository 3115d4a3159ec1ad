"""`python -m restaurant_qr`."""

import sys

if __name__ == "__main__":
    if sys.argv[1:] == ["run"]:  # nothing to parse: spares the 0.3 s that Typer takes to import
        from scripts.run import main

        sys.exit(main([]))
    from restaurant_qr.app import app

    app(prog_name="restaurant-qr")
