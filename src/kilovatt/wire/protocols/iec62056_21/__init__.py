"""IEC 62056-21 (once IEC 61107) in mode C: lines of text in frames, a call by address, data read out or asked for.

Spoken by Энергомера's СЕ102М, СЕ301 and СЕ303, which are asked by the names of parameters after a password, and by
meters of Landis+Gyr, which read everything out at once. Sources: IEC 62056-21:2002; for Энергомера captured frames,
programs of others, and the maker's text on the sibling СЕ308. Энергомера's check is a sum and not the standard's.
"""
