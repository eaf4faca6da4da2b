"""How the office does, in numbers: kept by day and month beside the board, read by period."""
