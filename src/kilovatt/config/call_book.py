"""Who is who among callers, and what becomes of what they say: the synchronous half of `call_ins`.

    book = CallBook(holder="host 17", held=held)
    book.deal_with(happening)

It belongs to one thread.
"""

import logging
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import assert_never

from django.utils.crypto import salted_hmac

from kilovatt.config.pushed import StrangerSaid, is_late_answer, taken
from kilovatt.office.operations.intake import callers, pushes
from kilovatt.office.operations.lines.call_leases import CallRefusal, follow_call, note_call
from kilovatt.office.operations.lines.line_leases import HeldLine
from kilovatt.office.records.models import Line
from kilovatt.wire.headend.call_in.happenings import CallEnded, Happening, ModemCalled, ModemGone, PushCame
from kilovatt.wire.headend.lines import CallInAddress, LineAddressError, parse_address
from kilovatt.wire.headend.session import new_session_id

UNKNOWN_AGAIN_AFTER = timedelta(minutes=1)
UNKNOWN_NAMES_MAX = 5_000
"""So many are known to be unknown; of others it is asked anew."""
LINES_AGAIN_AFTER = timedelta(seconds=30)
_MISSED_AGAIN_AFTER = timedelta(seconds=1)
_SALT = "kilovatt.call-in"

_log = logging.getLogger(__name__)


class CallBook:
    """Deals with one thing after another. `held` are the lines that this process holds, by their numbers."""

    def __init__(self, *, holder: str, held: Mapping[int, HeldLine]) -> None:
        self._holder = holder
        self._held = held
        self._lines: dict[str, int] = {}
        self._lines_at: datetime | None = None
        self._missed_at: datetime | None = None
        self._unknown: OrderedDict[str, datetime] = OrderedDict()

    def deal_with(self, happening: Happening) -> HeldLine | CallRefusal | None:
        """Keep what happened; return a line that has followed a call here, or why one does not."""
        match happening:
            case PushCame():
                self._push_came(happening)
            case ModemCalled():
                return self._modem_called(happening)
            case ModemGone():
                self._modem_gone(happening)
            case CallEnded():
                # Those that alarm are logged where they are ended.
                pass
            case _:
                assert_never(happening)
        return None

    def _push_came(self, came: PushCame) -> None:
        if is_late_answer(came):
            return
        line_id = self._line_of(came.name, came.at)
        if line_id is None and came.name and self._is_known_unknown(came.name, came.at):
            return
        said = taken(came, line_id)
        if isinstance(said, StrangerSaid):
            self._note_unknown(came.name, came.peer, said.why, serial=said.serial, pushed=came.frame, at=came.at)
            return
        kept = pushes.accept_push(
            said.meter_id,
            said.push,
            peer=came.peer,
            session_id=new_session_id(came.at),
            key_generation=said.key_generation,
            now=came.at,
        )
        facts = {"meter": said.meter_id, "new_events": kept.new_events, "trouble": kept.trouble, "asked": kept.asked}
        if kept.trouble is None:
            _log.info("meter %s pushed", said.meter_id, extra=facts)
        else:
            _log.warning("a push of meter %s was not believed: %s", said.meter_id, kept.trouble.value, extra=facts)

    def _modem_called(self, called: ModemCalled) -> HeldLine | CallRefusal | None:
        name = called.name
        line_id = self._line_of(name, called.at)
        if line_id is None:
            # Who has not pushed, and has no name, says who it is by what it pushes.
            if name and not self._is_known_unknown(name, called.at):
                self._note_unknown(name, called.peer, callers.Why.NO_LINE, at=called.at)
            return None
        held = self._held.get(line_id)
        if held is not None:
            if called.who.password:
                note_call(held, _proof(called))
            return None
        try:
            followed = follow_call(line_id, proof=_proof(called), holder=self._holder, now=called.at)
        except Line.DoesNotExist:
            return None
        if isinstance(followed, HeldLine):
            _log.info("line %s follows the call of its modem here", line_id, extra={"line": line_id})
        return followed

    def _modem_gone(self, gone: ModemGone) -> None:
        line_id = self._line_of(gone.name, gone.at)
        held = None if line_id is None else self._held.get(line_id)
        if held is not None:
            note_call(held, None)

    def _line_of(self, name: str, now: datetime) -> int | None:
        """Return the line of a name. The list of them is read anew now and then; one that is missing is looked for."""
        if not name:
            return None
        if self._lines_at is None or now - self._lines_at > LINES_AGAIN_AFTER:
            self._lines = _by_name(callers.lines_that_call())
            self._lines_at = self._missed_at = now
            self._forget_known(self._lines)
        elif name not in self._lines and (self._missed_at is None or now - self._missed_at > _MISSED_AGAIN_AFTER):
            # Alone: strangers have names without end, and a city has as many lines.
            self._missed_at = now
            found = _by_name(callers.lines_called(name))
            self._lines |= found
            self._forget_known(found)
        return self._lines.get(name)

    def _forget_known(self, lines: Mapping[str, int]) -> None:
        known = self._unknown.keys() & lines.keys()
        for name in known:
            del self._unknown[name]
        if known:
            callers.now_known(known)

    def _is_known_unknown(self, key: str, at: datetime) -> bool:
        noted_at = self._unknown.get(key)
        return noted_at is not None and at - noted_at < UNKNOWN_AGAIN_AFTER

    def _note_unknown(
        self, name: str, peer: str, why: callers.Why, *, serial: str = "", pushed: bytes | None = None, at: datetime
    ) -> None:
        key = name or peer.rpartition(":")[0]
        if self._is_known_unknown(key, at):
            return
        callers.note_unknown(name=key, peer=peer, why=why, serial=serial, pushed=pushed, now=at)
        self._unknown[key] = at
        self._unknown.move_to_end(key)
        if len(self._unknown) > UNKNOWN_NAMES_MAX:
            self._unknown.popitem(last=False)


def _by_name(lines: Iterable[tuple[int, str]]) -> dict[str, int]:
    return {name: line_id for line_id, url in lines if (name := name_of(url)) is not None}


def name_of(url: str) -> str | None:
    """Return the name that the address of a line gives its modem or meter; None for a line that we open."""
    try:
        address = parse_address(url)
    except LineAddressError:
        return None
    return address.name if isinstance(address, CallInAddress) else None


def _proof(called: ModemCalled) -> str:
    """Return what shows that two calls gave one password, and not what it is."""
    if not called.who.password:
        return ""
    return salted_hmac(_SALT, f"{called.name}\0{called.who.password}", algorithm="sha256").hexdigest()
