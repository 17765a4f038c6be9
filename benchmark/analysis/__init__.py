"""Records to tables, and what the tables say: leaderboard, speed-up, failures, statistics."""
