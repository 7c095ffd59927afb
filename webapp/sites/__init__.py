"""Generated sites of groups (WEBサイト生成): the editor, the site, its signage, its poster."""
