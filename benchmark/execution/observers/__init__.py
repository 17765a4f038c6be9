"""Who is told what a run does: its log, the terminal."""
