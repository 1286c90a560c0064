"""What hinders understanding a frame, in the words that languages of short frames share: English sources of gettext."""

from collections.abc import Mapping

from kilovatt.wire.explain.fields import gettext_noop

FRAME_PROBLEMS: Mapping[str, str] = {
    "wrong_crc": gettext_noop("The checksum does not fit"),
    "unknown_request": gettext_noop("No known request of this language"),
    "echo": gettext_noop("The request itself came back"),
    "another_meter": gettext_noop("The answer of another meter"),
    "wrong_size": gettext_noop("Of a length that an answer to this request does not have"),
    "impossible_value": gettext_noop("A field says what cannot be"),
}
STATUS_PROBLEMS: Mapping[str, str] = {
    "internal_error": gettext_noop("The meter reports an internal error"),
    "access_denied": gettext_noop("The access level is too low"),
    "clock_already_corrected": gettext_noop("The clock was corrected today already"),
    "channel_closed": gettext_noop("The channel is not open"),
    "other": gettext_noop("The meter refuses for a reason of its own"),
}
