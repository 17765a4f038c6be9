"""What to measure next: jobs, suites, sweeps."""
