"""Getting a record to the central store and an answer to the citizen, whatever the weather."""
