"""Which kept answers go when there are too many, and that a reload comes to the same."""

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


def _ask(answers: RequestResults, key: bytes, answer: bytes, length: int = 3) -> list[bytes]:
    """One more answer, as a turn keeps it."""
    evictions = answers.evictions({key: answer}, length)
    answers.put(key, answer)
    for each in evictions:
        answers.forget(each)
    return evictions


def test_guests_rejections_do_not_evict_other_results() -> None:
    answers = RequestResults()
    _ask(answers, PAYMENT, DONE)
    _ask(answers, ORDERED, DONE)
    for number in range(10):
        _ask(answers, _key("guest:b", f"r{number}"), REFUSED if number % 2 else UNCHANGED)
    assert list(answers) == [PAYMENT, ORDERED, _key("guest:b", "r9")]


@pytest.mark.parametrize("subject", ["guest:b", "guest:table:7", "device:3", "anonymous"])
def test_guests_rejections_do_not_evict_results_of_staff(
    subject: str,
) -> None:
    answers = RequestResults()
    _ask(answers, PAYMENT, DONE)
    for number in range(10):
        _ask(answers, _key(subject, f"r{number}"), REFUSED)
    assert PAYMENT in answers


LONG = "x" * 200
"""A name that the release before cut."""


def _long(end: str, digest: str = "d") -> RequestRef:
    return RequestRef(ORDER, subject_of(Role.MANAGER, LONG + end), "pay", digest)


def test_a_retry_after_an_upgrade_gets_the_result_stored_for_a_long_subject() -> None:
    before = RequestRef(ORDER, previous_subject(_long("a").subject), "pay", "d")
    answers = RequestResults([stored_result(result_key(before), DONE)])
    assert answers.find(_long("a")) == DONE
    assert answers.find(_long("a", digest="another")) is None, "of another whose name begins alike"
    again = replace(_long("a", digest="of this release"), previous_digest="d")
    assert answers.find(again) == DONE


def test_long_subjects_with_the_same_prefix_share_no_result() -> None:
    answers = RequestResults()
    answers.put(result_key(_long("a")), DONE)
    assert answers.find(_long("a")) == DONE
    assert answers.find(_long("b")) is None


def test_the_oldest_result_of_staff_is_evicted_first() -> None:
    answers = RequestResults()
    for number in range(4):
        _ask(answers, _key("waiter:10", f"r{number}"), REFUSED)
    assert list(answers) == [_key("waiter:10", f"r{number}") for number in (1, 2, 3)]


def test_guests_rejection_is_not_stored_if_the_cache_is_full() -> None:
    answers = RequestResults()
    for number in range(3):
        _ask(answers, _key("waiter:10", f"r{number}"), DONE)
    refused = _key("guest:a", "r")
    assert _ask(answers, refused, REFUSED) == [refused]
    assert len(answers) == 3


def test_results_are_limited_in_bytes_and_guests_rejections_are_evicted_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.request_results.MAX_BYTES", 1000)
    long = REFUSED[:-3] + b'{"menu_item_ids":[' + b"9," * 150 + b"9]}]"
    answers = RequestResults()
    _ask(answers, PAYMENT, DONE, 100)
    for number in range(10):
        _ask(answers, _key("guest:b", f"r{number}"), long, 100)
        assert sum(len(key) + len(answer) for key, answer in answers.items()) <= 1000
    assert list(answers) == [PAYMENT, *(_key("guest:b", f"r{number}") for number in (8, 9))]
    for number in range(40):
        _ask(answers, _key("waiter:10", f"r{number}"), DONE, 100)
    assert not [key for key in answers if b"guest" in key]


def test_a_second_result_of_a_request_replaces_the_first() -> None:
    answers = RequestResults()
    _ask(answers, ORDERED, UNCHANGED)
    _ask(answers, PAYMENT, DONE)
    _ask(answers, ORDERED, DONE)
    assert answers == {PAYMENT: DONE, ORDERED: DONE}
    _ask(answers, _key("guest:a", "r"), REFUSED, length=2)
    assert answers == {PAYMENT: DONE, ORDERED: DONE}


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
def test_reloaded_results_evict_the_same_entries(asked: list[tuple[str, str, bytes]]) -> None:
    held, stored = RequestResults(), list[bytes]()
    for subject, request, answer in asked:
        key = _key(subject, request)
        if key in held:
            stored.remove(stored_result(key, held[key]))
        stored.append(stored_result(key, answer))
        for each in _ask(held, key, answer):
            stored.remove(stored_result(each, answer if each == key else _of(stored, each)))
        assert len(held) <= 3
        loaded = RequestResults(stored)
        assert list(loaded.items()) == list(held.items())
        assert loaded.evictions({b"7 waiter: x": DONE}, 1) == held.evictions(
            {b"7 waiter: x": DONE}, 1
        )


def _of(stored: list[bytes], key: bytes) -> bytes:
    [answer] = [line[len(key) + 1 :] for line in stored if line.startswith(key + b"\n")]
    return answer
