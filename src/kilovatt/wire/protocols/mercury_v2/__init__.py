"""Mercury V2: meters 203.2TD, 204, 208, 230, 231, 233, 234, 236 and 238 of Incotex.

Source throughout: Incotex, "Описание системы команд приборов учета Меркурий 203.2TD, 204, 208, 230, 231, 234, 236,
238", edition 05.2023, by its sections; where it is silent or misprints, what others captured from real meters.
"""
