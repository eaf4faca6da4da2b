"""Who may use the console: users, sessions, rights, keys for machines, and the trail they leave."""
