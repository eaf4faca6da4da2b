"""
What the console lists: one row per record, kept true beside the pipeline.

    records, clocks, timeline, decisions ──▶ follower ──▶ board ──▶ filters, pages, counts
"""
