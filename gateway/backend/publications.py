"""Passes the publications of hosts on to the object that distributes them."""

import logging
from typing import Protocol

from engine.codec import Body
from engine.messages import Dropped, Published
from gateway.metrics import HANDLER_ERRORS
from protocol.ids import Topic

log = logging.getLogger(__name__)


class PublicationListener(Protocol):
    """Receives the publications of hosts."""

    def on_published(self, host: str, published: Published) -> None: ...

    def on_dropped(self, host: str, topic: Topic) -> None: ...

    def on_connected(self, host: str) -> None:
        """The host has a new stream, on which nothing is subscribed to yet."""

    def subscribes_to(self, host: str) -> bool:
        """Whether a socket subscribes to a topic of this host."""


class Publications:
    """Passes publications to the listener, once there is one."""

    def __init__(self) -> None:
        self.listener: PublicationListener | None = None

    def on_connected(self, host: str) -> None:
        if self.listener is not None:
            self.listener.on_connected(host)

    def subscribes_to(self, host: str) -> bool:
        """Whether a socket subscribes to a topic of this host, so its stream must stay open."""
        return self.listener is not None and self.listener.subscribes_to(host)

    def pass_on(self, host: str, body: Body) -> None:
        """Pass on a publication. A failure must not affect the replies that came with it."""
        if self.listener is None:
            return
        try:
            if isinstance(body, Published):
                self.listener.on_published(host, body)
            elif isinstance(body, Dropped):
                self.listener.on_dropped(host, body.topic)
        except Exception:
            HANDLER_ERRORS.add()
            log.exception("cannot pass on a published event", extra={"host": host})
