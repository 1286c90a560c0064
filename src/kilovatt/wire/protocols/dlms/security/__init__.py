"""Messages that are authenticated and ciphered (IEC 62056-5-3, clause 5; IEC 62056-6-2, security suites)."""
