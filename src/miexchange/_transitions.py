"""The table of transitions of an exchange; docs/exchange.md shows it."""

from __future__ import annotations

from dataclasses import dataclass

from miexchange._bounded import Id, Text
from miexchange._value import Value
from miexchange._words import Word

__all__ = ["NEXT", "OPEN", "TRANSITIONS", "State", "Transition", "may_follow"]


class State(Word):
    """The state of an exchange."""

    ISSUED = "issued"
    """The coupon can be used, or is awaited until the phone has been inspected."""
    RESERVED = "reserved"
    """An order was placed and paid for with it; the old phone is to be handed over."""
    INSPECTED = "inspected"
    """The phone is as quoted, or accepted as if it were, or at a lower value without asking; the hand-over remains."""
    REQUOTED = "requoted"
    """The phone is worth less than quoted; the customer must accept or decline the re-quote."""
    COMPLETED = "completed"
    """Handed over as quoted."""
    ADJUSTED = "adjusted"
    """Handed over at the re-quote."""
    EXPIRED = "expired"
    """The coupon was not used in time."""
    VOID = "void"
    """Cancelled: withdrawn, refused at the door, or declined."""
    REVERSED = "reversed"
    """Reversed: the new phone was returned."""


OPEN = (State.ISSUED, State.RESERVED, State.INSPECTED, State.REQUOTED)
"""The states of an open exchange: a device has at most one, and an account as many as the terms allow."""


@dataclass(frozen=True, slots=True)
class Transition(Value):
    """One row of the table: in a state, an event leads to one of some states.

    Attributes:
        state: the state before.
        event: the kind of event.
        becomes: the states that it may lead to.
        when: the condition, and the next state if there are several; for people.
    """

    state: State
    event: Id
    becomes: tuple[State, ...]
    when: Text


TRANSITIONS = (
    Transition(State.ISSUED, "identify", (State.ISSUED,), "what it records is not on record yet"),
    Transition(State.ISSUED, "reserve", (State.RESERVED,), "the coupon is valid for the order and its account"),
    Transition(State.ISSUED, "send", (State.ISSUED,), "the coupon is awaited; otherwise as in reserved"),
    Transition(State.ISSUED, "attempt", (State.ISSUED, State.VOID), "the coupon is awaited; otherwise as in reserved"),
    Transition(
        State.ISSUED,
        "inspect",
        (State.ISSUED, State.REQUOTED, State.VOID),
        "the coupon is awaited; it can be used from now on where the phone is as quoted, honoured, or at a lower value "
        "that the rules pay unasked, and nothing that they demand is missing; otherwise as in reserved",
    ),
    Transition(
        State.ISSUED,
        "expire",
        (State.EXPIRED,),
        "the coupon is no longer valid, or its phone was not sent in time",
    ),
    Transition(State.ISSUED, "void", (State.VOID,), "always"),
    Transition(State.RESERVED, "identify", (State.RESERVED,), "as in issued"),
    Transition(
        State.RESERVED, "send", (State.RESERVED,), "for the same order, in time, where no inspection has seen the phone"
    ),
    Transition(
        State.RESERVED,
        "attempt",
        (State.RESERVED, State.VOID),
        "for the same order, in time, where the rules count attempts and the phone was neither sent nor seen; void at "
        "the last",
    ),
    Transition(State.RESERVED, "release", (State.ISSUED,), "by the same order; the validity is restored by the rules"),
    Transition(
        State.RESERVED,
        "inspect",
        (State.INSPECTED, State.REQUOTED, State.RESERVED, State.VOID),
        "for the same order, in time; inspected as quoted, honoured, or at a lower value that the rules pay unasked, "
        "requoted where they let the difference be paid, reserved where it is still locked and they give time to "
        "unlock it, void where they cancel, and where it is another device, another model or not taken",
    ),
    Transition(
        State.RESERVED,
        "complete",
        (State.COMPLETED,),
        "for the same order, in time, where no inspection is required and nothing that the rules demand is missing",
    ),
    Transition(
        State.RESERVED, "expire", (State.VOID,), "it was not sent or handed over in time, or not unlocked in time"
    ),
    Transition(State.RESERVED, "void", (State.VOID,), "always"),
    Transition(State.INSPECTED, "identify", (State.INSPECTED,), "as in issued"),
    Transition(State.INSPECTED, "release", (State.ISSUED,), "as from reserved"),
    Transition(State.INSPECTED, "wipe", (State.INSPECTED,), "it is not on record yet, and nothing is destroyed"),
    Transition(
        State.INSPECTED,
        "complete",
        (State.COMPLETED, State.ADJUSTED),
        "for the same order, where nothing that the rules demand is missing; adjusted where it is at a lower value",
    ),
    Transition(State.INSPECTED, "void", (State.VOID,), "always"),
    Transition(State.REQUOTED, "identify", (State.REQUOTED,), "as in issued"),
    Transition(State.REQUOTED, "wipe", (State.REQUOTED,), "as in inspected"),
    Transition(
        State.REQUOTED,
        "override",
        (State.INSPECTED, State.REQUOTED, State.ISSUED),
        "for the same order, before the deadline, once, within the authority of the role; inspected where all that was "
        "quoted is paid, or issued where the coupon was awaited, requoted where it is less",
    ),
    Transition(
        State.REQUOTED,
        "agree",
        (State.ADJUSTED, State.ISSUED),
        "by the same account, before the deadline, where nothing that the rules demand is missing; issued where the "
        "coupon was awaited",
    ),
    Transition(State.REQUOTED, "decline", (State.VOID,), "by the same account, before the deadline"),
    Transition(State.REQUOTED, "expire", (State.VOID,), "the deadline has passed"),
    Transition(State.REQUOTED, "void", (State.VOID,), "always"),
    Transition(State.COMPLETED, "wipe", (State.COMPLETED,), "it is not on record yet"),
    Transition(State.COMPLETED, "reverse", (State.REVERSED,), "the same order, while the rules allow it"),
    Transition(State.ADJUSTED, "wipe", (State.ADJUSTED,), "it is not on record yet"),
    Transition(State.ADJUSTED, "reverse", (State.REVERSED,), "the same order, while the rules allow it"),
)
"""All transitions. Anything else is refused."""

NEXT = {(row.state, row.event): row.becomes for row in TRANSITIONS}


def may_follow(state: State, kind: str) -> bool:
    """Tell whether a kind of event is possible in a state, or can become so by an earlier event.

    >>> may_follow(State.ISSUED, "complete"), may_follow(State.COMPLETED, "complete")
    (True, False)
    """
    reached, ahead = {state}, [state]
    while ahead:
        now = ahead.pop()
        found = {after for (before, _), becomes in NEXT.items() if before == now for after in becomes}
        ahead += found - reached
        reached |= found
    return any((one, kind) in NEXT for one in reached)
