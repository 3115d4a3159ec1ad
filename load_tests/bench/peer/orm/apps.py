"""The peer's Django application; its receivers are connected when it is ready."""

from django.apps import AppConfig


class Orm(AppConfig):
    name = "load_tests.bench.peer.orm"

    def ready(self) -> None:
        from load_tests.bench.peer.orm import signals  # noqa: F401  # needs the models
