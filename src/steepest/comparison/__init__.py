"""Floor 6: methods side by side: equal budgets, several starts, one table, what to use."""
