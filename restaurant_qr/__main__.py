"""`python -m restaurant_qr`."""

import sys

if __name__ == "__main__":
    # As `make run` has them: nothing to parse, which saves the 0.3 s that importing Typer takes.
    if sys.argv[1:2] == ["run"] and set(sys.argv[2:]) <= {"--demo-photos"}:
        from scripts.run import main

        sys.exit(main(sys.argv[2:]))
    from restaurant_qr.app import app

    app(prog_name="restaurant-qr")
