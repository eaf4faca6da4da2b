"""The officers' console: what comes in, what it is, what is answered; pages under /console."""
