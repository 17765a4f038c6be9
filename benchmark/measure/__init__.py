"""One job in this process: clock, memory, threads, warm-up, scores."""
