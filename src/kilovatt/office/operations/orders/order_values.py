"""What commands say that nobody has to work out: secrets made by chance, a correction by what is known."""

import secrets
import string

from django.utils.translation import gettext_noop

from kilovatt.measure.metering.commands import ChangeKeys, ShiftClock
from kilovatt.measure.metering.models import MeterModel, PasswordForm
from kilovatt.office.operations.orders.order_refusals import OrderRefusedError
from kilovatt.office.operations.secrets.meter_keys import sealed_keys
from kilovatt.office.operations.vault import length_sealed
from kilovatt.office.records.models import Meter, MeterSecret


def made_password(model: MeterModel, *, level: int) -> str:
    """Return a password as long as the factory's of that level, and none of the factory's.

    Raises OrderRefusedError where the model has no password of that level.
    """
    rule = model.password
    if rule is None or level not in rule.by_level:
        raise _no_such_level(model)
    letters = string.ascii_letters + string.digits if rule.form is PasswordForm.ASCII else string.digits
    while True:
        made = "".join(secrets.choice(letters) for _ in rule.by_level[level])
        # One that begins with a zero is a shorter number.
        if made not in rule.factory and not (rule.form is PasswordForm.NUMBER and made[0] == "0"):
            return made


def checked_password(model: MeterModel, password: str, *, level: int) -> str:
    """Return a password that somebody thought of.

    Raises OrderRefusedError where the model cannot have it, or it is the factory's.
    """
    rule = model.password
    if rule is None or level not in rule.by_level:
        raise _no_such_level(model)
    if not rule.allows(password):
        raise OrderRefusedError(gettext_noop("A %(model)s cannot have such a password."), model=model.title)
    if password in rule.factory:
        raise OrderRefusedError(gettext_noop("That is the password of the factory: whoever has the manual knows it."))
    return password


def made_keys(meter: Meter) -> ChangeKeys:
    """Return new keys for a meter, as long as those it has: nobody sees them, and the old ones are not opened for it.

    Raises OrderRefusedError where its keys are not on record.
    """
    has = {key.slot: length_sealed(key.sealed) for key in sealed_keys([meter.pk]).get(meter.pk, ())}
    encryption, authentication = has.get(MeterSecret.Slot.ENCRYPTION), has.get(MeterSecret.Slot.AUTHENTICATION)
    if encryption is None or authentication is None or MeterSecret.Slot.MASTER not in has:
        raise OrderRefusedError(
            gettext_noop(
                "Its keys and the master key that wraps new ones are not all on record: put them there with "
                "`kilovatt keys set --keys-file`."
            )
        )
    return ChangeKeys(encryption=secrets.token_bytes(encryption), authentication=secrets.token_bytes(authentication))


def _no_such_level(model: MeterModel) -> OrderRefusedError:
    return OrderRefusedError(gettext_noop("A %(model)s has no password of that level."), model=model.title)


def correction(model: MeterModel, ahead_s: int | None) -> ShiftClock:
    """Return the correction of a clock that was so far ahead. Raises OrderRefusedError where there is none."""
    if ahead_s is None:
        raise OrderRefusedError(gettext_noop("How far its clock is off is not known yet: have the meter read."))
    if ahead_s == 0:
        raise OrderRefusedError(gettext_noop("Its clock was right when it was last read."))
    return ShiftClock(-within_rule(model, ahead_s), ahead_s)


def within_rule(model: MeterModel, seconds: int) -> int:
    """Return by how much a clock is to be moved. Raises OrderRefusedError where its maker does not allow so much."""
    rule = model.clock_rule
    if rule is not None and abs(seconds) > rule.max_shift_s:
        raise OrderRefusedError(
            gettext_noop("Its clock is off by %(off)d s, and its maker allows to correct %(most)d s. Set it instead."),
            off=abs(seconds),
            most=rule.max_shift_s,
        )
    return seconds
