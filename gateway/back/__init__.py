"""The way back: what happens to a case in a central store reaches those who reported it."""
