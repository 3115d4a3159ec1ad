"""Error codes, their HTTP statuses and close codes, as documented in the protocol."""

import pytest

from protocol.errors import ERRORS, UNAVAILABLE, CloseCode, Code, Rejected

CODES = (
    "invalid_json invalid_message unknown_action not_found forbidden unauthenticated "
    "invalid_transition version_conflict idempotency_conflict table_occupied table_inactive "
    "session_closed unsettled overpayment rate_limited item_unavailable "
    "ordering_paused invalid_options price_changed too_large internal_error unavailable"
)


def test_error_codes_match_the_protocol() -> None:
    assert {code.value for code in Code} == set(CODES.split())


def test_close_codes_match_the_protocol() -> None:
    assert {code.value for code in CloseCode} == {1009, 1012, 4400, 4401, 4403, 4404, 4408, 4429}


@pytest.mark.parametrize("code", Code)
def test_every_error_code_has_an_http_status_and_a_retry_rule(code: Code) -> None:
    rule = ERRORS[code]
    assert 400 <= rule.http_status < 600
    assert rule.retry == (rule.http_status in {429, 503})


def test_an_error_message_has_a_sentence_and_a_code() -> None:
    assert Rejected(Code.NOT_FOUND, "There is no order 5.").body() == {
        "error": "There is no order 5.",
        "code": "not_found",
    }


def test_an_error_message_has_its_request_id_and_details() -> None:
    refused = Rejected(Code.OVERPAYMENT, "That is too much.", {"balance": "2.50"})
    assert refused.body("r-1") == {
        "error": "That is too much.",
        "code": "overpayment",
        "request_id": "r-1",
        "details": {"balance": "2.50"},
    }


def test_store_failure_is_retryable() -> None:
    assert ERRORS[UNAVAILABLE.code].retry
