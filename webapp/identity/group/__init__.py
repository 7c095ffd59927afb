"""グループ管理 (Group Manager): an admin keeps the accounts of their organisation (SPEC I8)."""
