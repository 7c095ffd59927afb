"""The monthly report as PDF (F5)."""
