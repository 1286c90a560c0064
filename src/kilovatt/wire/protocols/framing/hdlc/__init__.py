"""HDLC as meters speak it (IEC 62056-46, frame type 3): frames, and both ends of a link."""
