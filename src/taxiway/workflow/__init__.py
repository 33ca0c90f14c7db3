"""What a user declares: workflows, tasks, graphs, schedules, names. Pure: no I/O here."""
