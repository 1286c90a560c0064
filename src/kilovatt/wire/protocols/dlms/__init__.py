"""DLMS/COSEM (IEC 62056-5-3, -6-1, -6-2): values, messages, security, associations; both ends of them."""
