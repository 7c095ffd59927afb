"""組織設定: what an organisation says of itself."""
