"""Decides messages against the entities in memory, and stages what they change.

Deciding is synchronous and uses neither store, network nor event loop; the time is an argument. The
effects of a message on other entities of the same host are staged, or rolled back, with it. An
effect that its target refuses is logged and dropped. A message that fails because of a bug does not
affect others.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from domain.entity import UNCHANGED, Decision, Inputs, Redirect
from domain.messages import HandOverMenu, PriceLines
from domain.portions import AskReservation
from domain.reservations import menu_of
from engine import failures
from engine.entity import EMPTY
from engine.messages import (
    ACCEPTED,
    AnyMessage,
    DeliverEffects,
    Done,
    RecordDenial,
    Reply,
    Submit,
    TimerFired,
    address_of,
)
from engine.outbox_entries import OutboxEffect
from engine.staging import Missing, Staging, count_refused
from engine.transaction import EntityTransaction
from protocol.caller import SYSTEM, Caller
from protocol.errors import ERRORS, Code, Rejected
from protocol.ids import Address, Kind


@dataclass(slots=True)
class Unit:
    """A decided message: its reply, the entities that its decision has read or changed, and its
    undelivered effects that create an entity. The reply is sent after these are delivered."""

    message: AnyMessage
    reply: Reply
    touched: Collection[Address]
    creates: list[OutboxEffect] = field(default_factory=list)


class Decider:
    """Decides the messages of one turn one by one, and stages their changes in `staging`."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    def decide(self, message: AnyMessage) -> Unit:
        """Decide a message and its effects on this host, all or nothing. Raises Missing."""
        staging = self._staging
        staging.begin()
        try:
            reply = self._reply(message)
        except Missing:
            staging.rollback()
            raise
        except Exception:
            staging.rollback()
            address = address_of(message)
            failed = failures.record("handler failed", address, [message])
            return Unit(message, failed, {address})
        return Unit(message, reply, {address_of(message), *staging.touched}, staging.creates)

    def _reply(self, message: AnyMessage) -> Reply:
        match message:
            case Submit():
                return self._submit(message)
            case DeliverEffects():
                return self._receive_effects(message)
            case RecordDenial(to, command, caller, code):
                staged = self._staging.transaction(to)
                if staged.state is not None:
                    staged.audit.add(command, caller, self._staging.now, code)
            case TimerFired():
                self._fire(message)
        return ACCEPTED

    # --- commands --------------------------------------------------------------------------------

    def _submit(self, message: Submit) -> Reply:
        staged = self._staging.transaction(message.to)
        request_ref, redirected = message.request_ref, message.followed
        if request_ref is not None:
            first = staged.results.first(request_ref)
            if isinstance(first, Address):
                redirected = first
            elif first is not None:
                self._require_verified(staged)
                pending = self._staging.pending_effects(staged)
                self._staging.creates += [each for each in pending if each.creates]
                self._answer_reservation(staged, message)
                return first
        reply = self._answer(staged, message, redirected)
        if isinstance(reply, Redirect):
            if request_ref is not None and request_ref.digest and redirected is None:
                staged.results.put(request_ref, reply)
            return reply
        changed = isinstance(reply, Done) and reply.changed
        if not changed:
            self._answer_reservation(staged, message)
        if staged.state is not None and (changed or isinstance(reply, Rejected)):
            refused = reply.code if isinstance(reply, Rejected) else None
            result = reply.result if isinstance(reply, Done) else EMPTY
            staged.audit.add(message.command, message.caller, self._staging.now, refused, result)
        is_retryable = isinstance(reply, Rejected) and ERRORS[reply.code].retry
        has_client_id = request_ref is not None and request_ref.digest and staged.state is not None
        if request_ref is not None and (changed or (has_client_id and not is_retryable)):
            staged.results.put(request_ref, reply)
        return reply

    def _answer(
        self, staged: EntityTransaction, message: Submit, redirected: Address | None
    ) -> Done | Rejected | Redirect:
        expected = getattr(message.command, "expected_version", None)
        is_checked = expected is not None and redirected is None and staged.state is not None
        if is_checked and expected != staged.version:
            return Rejected(
                Code.VERSION_CONFLICT,
                "This has changed since you last read it. Read it again, then decide.",
                {"version": staged.version, "expected_version": expected},
            )
        inputs, priced = message.inputs, UNCHANGED
        if inputs.is_priced_by_host:
            inputs, priced = self._priced(message, inputs)
        if inputs.refusal is not None:
            return inputs.refusal
        context = self._staging.context(
            message.to,
            message.caller,
            request_ref=message.request_ref,
            inputs=inputs,
            redirected=redirected,
            followed=message.followed is not None,
        )
        decision = staged.entity.behaviour.decide(staged.state, message.command, context)
        if not isinstance(decision, Decision):
            return decision
        if decision.events and priced.events:
            menu = self._staging.transaction(menu_of(message.to))
            self._staging.apply(menu, priced, message.caller)
        self._staging.apply(staged, decision, message.caller)
        return Done(bool(decision.events), staged.version, decision.result)

    def _priced(self, message: Submit, inputs: Inputs) -> tuple[Inputs, Decision]:
        """The inputs with the command's lines, priced by the restaurant's menu on this host, and
        the menu's decision, which is staged only if the command changes something."""
        menu = self._menu_of(message.to)
        context = self._staging.context(menu.address, message.caller)
        pricing = PriceLines.of(message.command, message.request_ref)
        decision = menu.entity.behaviour.decide(menu.state, pricing, context)
        if isinstance(decision, Rejected):
            return Inputs(refusal=decision), UNCHANGED
        assert isinstance(decision, Decision)
        return replace(inputs, **decision.result), decision

    def _answer_reservation(self, staged: EntityTransaction, message: Submit) -> None:
        """Have an entity answer that a command has not used the portions that a gateway has
        reserved for it."""
        reservation = message.inputs.reservation
        if reservation is not None:
            question = AskReservation(reservation.number)
            self._receive(staged, question, menu_of(message.to), message.caller)

    def _menu_of(self, entity: Address) -> EntityTransaction:
        """The menu of an entity's restaurant. If an earlier release has stored it in the
        restaurant's state, the restaurant hands it over now."""
        menu = self._staging.transaction(menu_of(entity))
        if menu.state is None:
            owner = Address(Kind.RESTAURANT, entity.restaurant, entity.restaurant)
            self._receive(self._staging.transaction(owner), HandOverMenu(), owner, SYSTEM)
        return menu

    # --- effects and timers ----------------------------------------------------------------------

    def _receive_effects(self, message: DeliverEffects) -> Reply:
        staged = self._staging.transaction(message.to)
        source = str(message.source)
        for number, body, caller in message.messages:
            if number > staged.seen.get(source, 0):
                self._receive(staged, body, message.source, caller)
                staged.mark_seen(source, number)
            else:
                self._require_verified(staged)
        return ACCEPTED

    def _require_verified(self, staged: EntityTransaction) -> None:
        """Raise Missing if the entity is unverified: the reply would confirm an earlier write that
        the store may have lost."""
        if not staged.entity.is_verified:
            raise Missing(staged.address)

    def _fire(self, message: TimerFired) -> None:
        staged = self._staging.transaction(message.to)
        timer = staged.timers.get(message.key)
        if timer is not None and timer.due <= self._staging.now:
            staged.remove_timer(message.key)
            self._receive(staged, timer.message, message.to, SYSTEM)

    def _receive(
        self, staged: EntityTransaction, message: Any, source: Address, caller: Caller
    ) -> None:
        """Decide a message of another entity, and its effects on this host. A refused message is
        logged and dropped, because no sender waits for a reply."""
        context = self._staging.context(staged.address, caller, source=source)
        decision = staged.entity.behaviour.decide(staged.state, message, context)
        if isinstance(decision, Decision):
            self._staging.apply(staged, decision, caller)
        else:
            count_refused(staged.address, source, message, decision)
