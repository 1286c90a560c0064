"""Энергомера's own binary language «CE»: SLIP, a password in every request, one byte of checksum.

Spoken by СЕ102 (R5, R8, S6, S7), СЕ301M, СЕ306 and СЕ307. Nothing is opened and nothing closed. Sources: programs of
others that read these meters, some of which quote the maker's text; frames captured by others. Two dialects differ in
how a register is asked for and answered: see `requests`.
"""
