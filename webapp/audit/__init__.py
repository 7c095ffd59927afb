"""監査ログ: who changed what, when and from where."""
