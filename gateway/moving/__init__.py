"""A whole office from one database into another, resumable, and proven before it may be used."""
