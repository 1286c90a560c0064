"""Lines, retries and sessions: carries bytes, knows no meaning."""
