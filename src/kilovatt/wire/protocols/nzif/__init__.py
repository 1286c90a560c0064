"""НЗиФ (Frunze works, Nizhny Novgorod): СЭТ-4ТМ, ПСЧ-3ТМ and ПСЧ-4ТМ, СЭБ-1ТМ.

Source throughout: the maker's "Протокол обмена счетчиков серии СЭТ-4ТМ", edition 6.6.27 of 18.09.2017, as quoted by
section in public programs that read these meters, the maker's own concentrator among them; frames captured from a
СЭТ-4ТМ.03М.
"""
