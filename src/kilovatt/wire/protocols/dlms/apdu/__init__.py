"""The messages of DLMS (IEC 62056-5-3): what is asked, what is answered, and what comes unasked."""
