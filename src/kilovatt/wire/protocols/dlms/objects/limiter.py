"""The limiter (class 71; Blue Book, 4.5.9): above which threshold, for how long, and what then."""

from dataclasses import dataclass

from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.shapes import elements, fields, integer, logical_name, octets
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DlmsValue,
    DoubleLongUnsigned,
    Integer,
    LongUnsigned,
    OctetString,
    Structure,
)
from kilovatt.wire.protocols.dlms.values.patterns import DATE_TIME_BYTES

_MONITORED_FIELDS, _EMERGENCY_FIELDS, _ACTION_FIELDS, _ACTIONS = 3, 3, 2, 2


@dataclass(frozen=True, slots=True)
class MonitoredValue:
    """Attribute 2: the attribute that is watched."""

    class_id: int
    obis: Obis
    attribute: int

    def encode(self) -> Structure:
        """Return attribute 2."""
        return Structure((LongUnsigned(self.class_id), OctetString(self.obis), Integer(self.attribute)))


@dataclass(frozen=True, slots=True)
class EmergencyProfile:
    """Attribute 8: from when and how long [s] the emergency's threshold holds. `activation` is twelve bytes."""

    profile: int
    activation: bytes
    duration_s: int

    def encode(self) -> Structure:
        """Return attribute 8."""
        activation = OctetString(self.activation)
        return Structure((LongUnsigned(self.profile), activation, DoubleLongUnsigned(self.duration_s)))


@dataclass(frozen=True, slots=True)
class ScriptChoice:
    """A script table and which of its scripts to run; 0 is none."""

    table: Obis
    script: int

    def encode(self) -> Structure:
        """Return it as a structure."""
        return Structure((OctetString(self.table), LongUnsigned(self.script)))


@dataclass(frozen=True, slots=True)
class LimiterActions:
    """Attribute 11: what is run above the threshold, and when it is under it again."""

    over: ScriptChoice
    under: ScriptChoice

    def encode(self) -> Structure:
        """Return attribute 11."""
        return Structure((self.over.encode(), self.under.encode()))


def decode_monitored_value(value: DlmsValue) -> MonitoredValue:
    """Return attribute 2. Raises MalformedError."""
    class_id, name, attribute = fields(value, _MONITORED_FIELDS, "a monitored value")
    return MonitoredValue(
        integer(class_id, "a class", 0, 0xFFFF),
        logical_name(name, "a logical name"),
        integer(attribute, "an attribute", -128, 127),
    )


def decode_emergency_profile(value: DlmsValue) -> EmergencyProfile:
    """Return attribute 8. Raises MalformedError."""
    profile, activation, duration = fields(value, _EMERGENCY_FIELDS, "an emergency profile")
    return EmergencyProfile(
        integer(profile, "the number of a profile", 0, 0xFFFF),
        octets(activation, "a date and time", DATE_TIME_BYTES),
        integer(duration, "a duration [s]", 0, 0xFFFFFFFF),
    )


def decode_emergency_profiles(value: DlmsValue) -> tuple[int, ...]:
    """Return attribute 9: the numbers of the profiles that may be activated. Raises MalformedError."""
    return tuple(integer(one, "the number of a profile", 0, 0xFFFF) for one in elements(value, "emergency profiles"))


def encode_emergency_profiles(profiles: tuple[int, ...]) -> Array:
    """Return attribute 9."""
    return Array(map(LongUnsigned, profiles))


def decode_script_choice(value: DlmsValue) -> ScriptChoice:
    """Return a script table and a script. Raises MalformedError."""
    table, script = fields(value, _ACTION_FIELDS, "a script to run")
    return ScriptChoice(logical_name(table, "a script table"), integer(script, "a script", 0, 0xFFFF))


def decode_limiter_actions(value: DlmsValue) -> LimiterActions:
    """Return attribute 11. Raises MalformedError."""
    over, under = fields(value, _ACTIONS, "actions of a limiter")
    return LimiterActions(decode_script_choice(over), decode_script_choice(under))
