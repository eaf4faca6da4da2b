"""Learning from officers' corrections: collecting them, fitting models, keeping their versions."""
