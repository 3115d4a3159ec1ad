"""Eviction of stored request results, in memory and after a reload."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.entity import RequestRef
from engine.request_results import RequestResults, result_key, stored_result
from protocol.caller import Role, previous_subject, subject_of
from protocol.ids import Address, Kind

ORDER = Address(Kind.ORDER, 1, 1)
DONE, UNCHANGED, REFUSED = b'["d",true,1,{}]', b'["d",false,1,{}]', b'["d","forbidden","No.",{}]'


def _key(subject: str, request: str) -> bytes:
    return result_key(RequestRef(ORDER, subject, request, "d"))


PAYMENT, ORDERED = _key("waiter:10", "pay"), _key("guest:a", "order")


def _store(results: RequestResults, key: bytes, result: bytes, length: int = 3) -> list[bytes]:
    """Add a result, as a turn does."""
    evictions = results.evictions({key: result}, length)
    results.put(key, result)
    for each in evictions:
        results.forget(each)
    return evictions


def test_guests_rejections_do_not_evict_other_results() -> None:
    results = RequestResults()
    _store(results, PAYMENT, DONE)
    _store(results, ORDERED, DONE)
    for number in range(10):
        _store(results, _key("guest:b", f"r{number}"), REFUSED if number % 2 else UNCHANGED)
    assert list(results) == [PAYMENT, ORDERED, _key("guest:b", "r9")]


@pytest.mark.parametrize("subject", ["guest:b", "guest:table:7", "device:3", "anonymous"])
def test_guests_rejections_do_not_evict_results_of_staff(
    subject: str,
) -> None:
    results = RequestResults()
    _store(results, PAYMENT, DONE)
    for number in range(10):
        _store(results, _key(subject, f"r{number}"), REFUSED)
    assert PAYMENT in results


LONG = "x" * 200
"""A subject that the previous release truncated."""


def _long(end: str, digest: str = "d") -> RequestRef:
    return RequestRef(ORDER, subject_of(Role.MANAGER, LONG + end), "pay", digest)


def test_a_retry_after_an_upgrade_gets_the_result_stored_for_a_long_subject() -> None:
    before = RequestRef(ORDER, previous_subject(_long("a").subject), "pay", "d")
    results = RequestResults([stored_result(result_key(before), DONE)])
    assert results.find(_long("a")) == DONE
    assert results.find(_long("a", digest="another")) is None, (
        "a request of another subject with the same prefix"
    )
    again = replace(_long("a", digest="of this release"), previous_digest="d")
    assert results.find(again) == DONE


def test_long_subjects_with_the_same_prefix_share_no_result() -> None:
    results = RequestResults()
    results.put(result_key(_long("a")), DONE)
    assert results.find(_long("a")) == DONE
    assert results.find(_long("b")) is None


def test_the_oldest_result_of_staff_is_evicted_first() -> None:
    results = RequestResults()
    for number in range(4):
        _store(results, _key("waiter:10", f"r{number}"), REFUSED)
    assert list(results) == [_key("waiter:10", f"r{number}") for number in (1, 2, 3)]


def test_guests_rejection_is_not_stored_if_the_cache_is_full() -> None:
    results = RequestResults()
    for number in range(3):
        _store(results, _key("waiter:10", f"r{number}"), DONE)
    refused = _key("guest:a", "r")
    assert _store(results, refused, REFUSED) == [refused]
    assert len(results) == 3


def test_results_are_limited_in_bytes_and_guests_rejections_are_evicted_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.request_results.MAX_BYTES", 1000)
    long = REFUSED[:-3] + b'{"menu_item_ids":[' + b"9," * 150 + b"9]}]"
    results = RequestResults()
    _store(results, PAYMENT, DONE, 100)
    for number in range(10):
        _store(results, _key("guest:b", f"r{number}"), long, 100)
        assert sum(len(key) + len(result) for key, result in results.items()) <= 1000
    assert list(results) == [PAYMENT, *(_key("guest:b", f"r{number}") for number in (8, 9))]
    for number in range(40):
        _store(results, _key("waiter:10", f"r{number}"), DONE, 100)
    assert not [key for key in results if b"guest" in key]


def test_a_second_result_of_a_request_replaces_the_first() -> None:
    results = RequestResults()
    _store(results, ORDERED, UNCHANGED)
    _store(results, PAYMENT, DONE)
    _store(results, ORDERED, DONE)
    assert results == {PAYMENT: DONE, ORDERED: DONE}
    _store(results, _key("guest:a", "r"), REFUSED, length=2)
    assert results == {PAYMENT: DONE, ORDERED: DONE}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("waiter:10", "guest:a", "guest:b", "guest of honour")),
            st.sampled_from("1234"),
            st.sampled_from((DONE, UNCHANGED, REFUSED)),
        ),
        max_size=40,
    )
)
def test_reloaded_results_evict_the_same_entries(requests: list[tuple[str, str, bytes]]) -> None:
    cached, stored = RequestResults(), list[bytes]()
    for subject, request, result in requests:
        key = _key(subject, request)
        if key in cached:
            stored.remove(stored_result(key, cached[key]))
        stored.append(stored_result(key, result))
        for each in _store(cached, key, result):
            stored.remove(
                stored_result(each, result if each == key else _stored_value(stored, each))
            )
        assert len(cached) <= 3
        loaded = RequestResults(stored)
        assert list(loaded.items()) == list(cached.items())
        assert loaded.evictions({b"7 waiter: x": DONE}, 1) == cached.evictions(
            {b"7 waiter: x": DONE}, 1
        )


def _stored_value(stored: list[bytes], key: bytes) -> bytes:
    [result] = [line[len(key) + 1 :] for line in stored if line.startswith(key + b"\n")]
    return result
