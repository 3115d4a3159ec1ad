"""Where a trial writes down what its clients met; what must not be is a line of `wrong`."""

from collections import Counter
from random import Random

from load_tests.channels import Channel
from load_tests.ledger import Ledger
from load_tests.sequence import ProtocolViolation


class Book:
    """One trial's."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.ledger = Ledger()
        self.met: Counter[str] = Counter()
        """Close codes, failed handshakes, refusals that ask to try again: how often each."""
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []

    def violation(self, channel: Channel, id_: int, violation: ProtocolViolation) -> None:
        self.wrong.append(f"{channel.name} {id_}: {violation}")

    def expect(self, holds: bool, otherwise: str) -> None:
        """Write down what is not so."""
        if not holds:
            self.wrong.append(otherwise)
