"""Floor 4: how to look for a minimum: descent rules, curvature methods, schedules, clipping, searches, restarts."""
