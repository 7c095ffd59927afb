"""検知人数履歴: the kept counts as charts, files and reports (F2, F3, F5)."""
