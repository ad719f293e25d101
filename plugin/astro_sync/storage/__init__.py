"""Files written whole, locks, the private folder and backups."""
