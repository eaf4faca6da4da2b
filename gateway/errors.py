"""
Why the gateway does not start.

    SettingsError      exit code 78: the operator's configuration, one sentence with file and key
    └── SecretError    a secret is missing or cannot be used; never shows it
"""


class SettingsError(Exception):
    """The gateway cannot start with these settings; the message names file and key."""


class SecretError(SettingsError, ValueError):
    """A secret is missing or cannot be used; a ValueError, so that decoding adds file and key."""
