"""The languages of meters: bytes to messages and back, and whose turn it is. No sockets, no clock."""
