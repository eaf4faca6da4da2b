"""The outside world, one module for each channel; nothing here knows of the rest."""
