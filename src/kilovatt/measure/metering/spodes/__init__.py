"""The vocabulary of СПОДЭС (ГОСТ Р 58940-2020, СТО 34.01-5.1-006-2021): journals, codes and words, as data."""
