"""Personal data in somebody's keeping: tighten, reveal, hold, erase, retain, report, rotate."""
