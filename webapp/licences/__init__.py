"""ライセンス管理: what an organisation may use, what of it is used, and what stands still."""
