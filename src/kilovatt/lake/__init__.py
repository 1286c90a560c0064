"""The store of what was measured: immutable Parquet files under a Delta log. No Django, no database."""
