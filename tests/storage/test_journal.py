"""The journal and the history: bounded lists that report if they no longer reach back."""

from protocol.ids import Channel, Topic
from storage.store import Store
from tests.storage.commits import ORDER, SESSION, commit_of, event, frame

TOPIC = Topic(ORDER, Channel.ORDER)


async def _publish(store: Store, last: int) -> None:
    [claimed] = await store.claim([ORDER])
    for number in range(1, last + 1):
        await store.commit([commit_of(ORDER, claimed.fencing_token, number, **event(number))])


async def test_the_journal_returns_exactly_the_missed_frames(store: Store) -> None:
    await _publish(store, 4)
    reads = [(TOPIC, since, 4) for since in range(5)]
    assert await store.journal(reads) == [
        [frame(number) for number in range(since + 1, 5)] for since in range(5)
    ]


async def test_a_journal_without_the_missed_frames_returns_nothing(store: Store) -> None:
    await _publish(store, 9)  # five of them are kept
    assert await store.journal([(TOPIC, 3, 9)]) == [None]
    assert await store.journal([(TOPIC, 0, 9)]) == [None]
    assert await store.journal([(TOPIC, 4, 9)]) == [[frame(n) for n in range(5, 10)]]


async def test_journal_returns_the_requested_range_after_newer_commits(store: Store) -> None:
    """Another claimant may have committed more events than the reader requests."""
    await _publish(store, 6)
    assert await store.journal([(TOPIC, 2, 4)]) == [[frame(3), frame(4)]]
    assert await store.journal([(TOPIC, 0, 4)]) == [None]


async def test_the_journal_does_not_return_unwritten_frames(store: Store) -> None:
    await _publish(store, 4)
    assert await store.journal([(TOPIC, 2, 5), (TOPIC, 5, 4)]) == [None, None]
    missing = Topic(SESSION, Channel.SESSION)
    assert await store.journal([(missing, 0, 3), (missing, 0, 0)]) == [None, []]


async def test_each_channel_has_its_own_sequence(store: Store) -> None:
    [claimed] = await store.claim([ORDER])
    commit = commit_of(
        ORDER, claimed.fencing_token, journal={"order": [frame(1)], "items": [frame(1), frame(2)]},
        seqs={"order": 1, "items": 2},
    )  # fmt: skip
    await store.commit([commit])
    items = Topic(ORDER, Channel.ITEMS)
    assert await store.journal([(TOPIC, 0, 1), (items, 1, 2)]) == [[frame(1)], [frame(2)]]


async def test_history_is_paged_backwards_from_the_newest(store: Store) -> None:
    [claimed] = await store.claim([ORDER])
    for version in range(5):
        commit = commit_of(ORDER, claimed.fencing_token, version + 1, history=[b"%d" % version])
        await store.commit([commit])
    assert await store.history(ORDER, limit=2) == [(3, b"3"), (4, b"4")]
    assert await store.history(ORDER, limit=2, before=3) == [(1, b"1"), (2, b"2")]
    assert await store.history(ORDER, limit=2, before=1) == [(0, b"0")]
    assert await store.history(ORDER, limit=2, before=0) == []
    assert await store.history(ORDER, limit=9, before=99) == [
        (number, b"%d" % number) for number in range(5)
    ]
    assert await store.history(SESSION, limit=9) == []


async def test_positions_in_the_history_stay_when_old_events_are_dropped(store: Store) -> None:
    [claimed] = await store.claim([ORDER])
    for version in range(10):  # six of them are kept
        commit = commit_of(ORDER, claimed.fencing_token, version + 1, history=[b"%d" % version])
        await store.commit([commit])
    assert await store.history(ORDER, limit=3) == [(7, b"7"), (8, b"8"), (9, b"9")]
    assert await store.history(ORDER, limit=9, before=7) == [
        (4, b"4"), (5, b"5"), (6, b"6"),
    ]  # fmt: skip
    assert await store.history(ORDER, limit=9, before=4) == []
