"""営業時間: when a camera is open, the calendar of it, and what is shown out of hours."""
