"""From what a citizen said to its record: pure functions, no clock, network, SQL or logging."""
