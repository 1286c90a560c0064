"""Keys of meters come from a file, or from the environment, so that no list of processes shows them.

# one line for each, in hexadecimal; what a meter has none of is left out
encryption     = 000102030405060708090A0B0C0D0E0F
authentication = D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF
secret         = 30303030303030313030303030303031
title          = 4B56540000000001
master         = 202122232425262728292A2B2C2D2E2F    # wraps new keys; only `kilovatt keys set` and `simulate` want it
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from kilovatt.config.cli.voice import _, complain
from kilovatt.measure.metering.invocation_counters import counter_by_clock
from kilovatt.measure.metering.models import Language, MeterModel
from kilovatt.wire.drivers.conversation import CLIENT_TITLE
from kilovatt.wire.explain import OpeningKeys
from kilovatt.wire.protocols.dlms.security.sealing import InvocationCounter
from kilovatt.wire.protocols.dlms.security.slots import (
    AUTHENTICATION,
    ENCRYPTION,
    MASTER,
    SECRET,
    KeyBundle,
    UnusableKeysError,
    key_bundle,
)

KEYS_VARIABLE = "KILOVATT_METER_KEYS"
_TITLE, _TITLE_BYTES = "title", 8
_NAMES = (ENCRYPTION, AUTHENTICATION, SECRET, MASTER, _TITLE)
_KEY_SIZES = {16, 32}
_WITH_KEYS = frozenset({Language.SPODES})


@dataclass(frozen=True, slots=True)
class GivenKeys:
    """What a keys file holds: by slot, as bytes; and who we are to the meter."""

    bundle: KeyBundle = field(default_factory=KeyBundle)
    client_title: bytes = CLIENT_TITLE
    master: bytes | None = field(default=None, repr=False)
    """The key that new keys are wrapped with; no session wants it."""

    def of_address(self, now: datetime) -> dict[str, Any]:
        """Return the fields of a meter's address that they fill, with a counter that was not used before `now`."""
        if self.bundle == KeyBundle():
            return {}
        return {
            "keys": self.bundle.keys,
            "hls_secret": self.bundle.secret,
            "client_title": self.client_title,
            "counter": InvocationCounter(counter_by_clock(now)),
        }


def given_keys(model: MeterModel, file: Path | None) -> GivenKeys:
    """Return the keys of a file, or of KILOVATT_METER_KEYS (lines, or `;` between them); else none.

    What is wrong with them is said without a word of what they hold, and the program left.
    """
    text = _text_of(file) if file is not None else os.environ.get(KEYS_VARIABLE, "").replace(";", "\n")
    if not text.strip():
        if file is not None:
            complain(_("The keys file {file} holds no keys.").format(file=file))
        return GivenKeys()
    if model.language not in _WITH_KEYS:
        if file is None:
            # The variable stands in the environment for other meters.
            return GivenKeys()
        complain(_("A {model} has no keys: leave --keys-file out.").format(model=model.title))
    values = _values(text)
    title = values.pop(_TITLE, CLIENT_TITLE)
    if len(title) != _TITLE_BYTES:
        complain(_("The title in the keys has {got} bytes, and {wanted} are wanted.").format(got=len(title), wanted=8))
    master = values.pop(MASTER, None)
    if master is not None and len(master) not in _KEY_SIZES:
        complain(_("The master key has {got} bytes, and 16 or 32 are wanted.").format(got=len(master)))
    try:
        return GivenKeys(key_bundle(values), title, master)
    except UnusableKeysError as error:
        complain(_(error.sentence) % error.values)


def opening_keys(file: Path, titles: Sequence[str] = ()) -> OpeningKeys:
    """Return the keys of a file to explain ciphered messages with; `titles` are those of who sent them, in hexadecimal.

    The authentication key may be missing: nobody then knows whether what is deciphered is right.
    """
    values = _values(_text_of(file))
    encryption, authentication = values.get(ENCRYPTION), values.get(AUTHENTICATION)
    if encryption is None:
        complain(_("The keys file {file} holds no encryption key.").format(file=file))
    sizes = {len(key) for key in (encryption, authentication) if key is not None}
    if len(sizes) > 1 or not sizes <= _KEY_SIZES:
        complain(_("Keys have 16 bytes, or both of them 32: look at {file}.").format(file=file))
    known = [_title_of(title) for title in titles]
    if _TITLE in values:
        known.append(values[_TITLE])
    return OpeningKeys(encryption=encryption, authentication=authentication, titles=tuple(known))


def _title_of(text: str) -> bytes:
    try:
        title = bytes.fromhex(text)
    except ValueError:
        title = b""
    if len(title) != _TITLE_BYTES:
        complain(_("A system title is written as 16 hex digits, like 4D4D4D0000BC614E: got {text}.").format(text=text))
    return title


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else _("it is not text")
        complain(_("The keys file {file} cannot be read: {reason}.").format(file=file, reason=reason))


def _values(text: str) -> dict[str, bytes]:
    values: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        name, equals, value = (part.strip() for part in entry.partition("="))
        if not equals or name not in _NAMES:
            complain(
                _("Line {number} of the keys is none. Write: name = HEX, the name one of {names}.").format(
                    number=number, names=", ".join(_NAMES)
                )
            )
        if name in values:
            complain(_("The keys name {name} twice.").format(name=name))
        try:
            values[name] = bytes.fromhex(value.strip("\"'"))
        except ValueError:
            complain(_("What the keys have for {name} is not hexadecimal.").format(name=name))
    return values
