"""All text for people: reports, questions, progress."""
