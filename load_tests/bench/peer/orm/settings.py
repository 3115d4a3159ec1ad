"""The Django settings of the peer with the ORM."""

from pathlib import Path
from typing import Any

from load_tests.bench.peer.store import BUSY_TIMEOUT_S, FILE


def settings_of(directory: Path) -> dict[str, Any]:
    """SQLite as Django's documentation advises for more than one process that writes."""
    return {
        "INSTALLED_APPS": ["load_tests.bench.peer.orm"],
        "DATABASES": {
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": directory / FILE,
                "OPTIONS": {
                    "timeout": BUSY_TIMEOUT_S,
                    "transaction_mode": "IMMEDIATE",
                    "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;",
                },
            }
        },
    }
