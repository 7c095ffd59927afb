"""初回設定: the steps that lead from the first sign-in to the first picture (C3)."""
