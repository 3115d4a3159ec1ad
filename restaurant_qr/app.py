"""The Typer application with all commands."""

from restaurant_qr import develop, operate
from restaurant_qr.exits import EXIT_CODES
from restaurant_qr.shared import epilog, typer_group

app = typer_group(
    "Run Restaurant QR, operate it, and measure it.",
    epilog=epilog("Exit codes:", [f"{code:<4} {text}" for code, text in EXIT_CODES.items()]),
    no_args_is_help=True,
)
app.add_typer(operate.commands)
app.add_typer(develop.commands)
