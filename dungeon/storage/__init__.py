"""Stories on disk: one SQLite file each, the folder they lie in, exports and imports."""
