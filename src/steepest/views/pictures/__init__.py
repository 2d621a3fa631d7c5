"""Pictures of runs, fits, functions and networks, one a file, and what they share."""
