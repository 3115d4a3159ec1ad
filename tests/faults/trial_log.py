"""Records of a trial; each of `violations` fails it."""

from collections import Counter
from random import Random

from load_tests.channels import Channel
from load_tests.ledger import Ledger
from load_tests.stream_checker import ProtocolViolation


class TrialLog:
    """The records of one trial."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.ledger = Ledger()
        self.client_errors: Counter[str] = Counter()
        """Close codes, failed handshakes and retryable errors, with their counts."""
        self.counts: Counter[str] = Counter()
        self.violations: list[str] = []

    def violation(self, channel: Channel, id_: int, violation: ProtocolViolation) -> None:
        self.violations.append(f"{channel.name} {id_}: {violation}")

    def check(self, condition: bool, message: str) -> None:
        """Record a violation unless the condition holds."""
        if not condition:
            self.violations.append(message)
