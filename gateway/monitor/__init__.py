"""The social monitor: what is said in public, and what of it rises against its usual level."""
