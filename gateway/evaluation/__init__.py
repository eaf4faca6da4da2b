"""How well reports are understood, measured on real ones that are not part of this repository."""
