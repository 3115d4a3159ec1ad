"""The command line in this process."""

from typer.testing import CliRunner, Result

from restaurant_qr.app import app


def restaurant_qr(*arguments: object) -> Result:
    """Output and exit code of `./restaurant-qr` with these arguments."""
    return CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)


def refusal(*arguments: object) -> str:
    """Error of the command, "" if it succeeds."""
    result = restaurant_qr(*arguments)
    assert bool(result.exit_code) == bool(result.stderr), result.output
    return str(result.stderr)
