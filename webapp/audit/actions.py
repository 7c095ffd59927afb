"""What is written into the audit log, and the words for it."""

from __future__ import annotations

from enum import StrEnum

from webapp.i18n import N_


class Action(StrEnum):
    """A deed that the audit log knows."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    PROVIDER_CHANGED = "provider_changed"
    CAMERA_ADDED = "camera_added"
    CAMERA_CHANGED = "camera_changed"
    CAMERA_RENAMED = "camera_renamed"
    CAMERA_REPLACED = "camera_replaced"
    CAMERA_REMOVED = "camera_removed"
    GROUP_ADDED = "group_added"
    GROUP_CHANGED = "group_changed"
    GROUP_RENAMED = "group_renamed"
    GROUP_REMOVED = "group_removed"
    MONITORING_STARTED = "monitoring_started"
    SETUP_FINISHED = "setup_finished"
    CLOUD_CONSENTED = "cloud_consented"
    CLOUD_GIVEN_UP = "cloud_given_up"
    AREAS_CHANGED = "areas_changed"
    HOURS_CHANGED = "hours_changed"
    BACKGROUND_REGISTERED = "background_registered"
    BACKGROUND_REMOVED = "background_removed"
    BACKGROUND_BUILD_STARTED = "background_build_started"
    BACKGROUND_BUILD_ENDED = "background_build_ended"
    ALERT_CHANGED = "alert_changed"
    ALERT_UNSUBSCRIBED = "alert_unsubscribed"
    BACKGROUND_PATTERN_CHANGED = "background_pattern_changed"
    CSV_ASKED = "csv_asked"
    REPORT_ASKED = "report_asked"
    # Public pages became embeds; what the log holds of them stays readable.
    PAGE_PUBLISHED = "page_published"
    PAGE_CHANGED = "page_changed"
    PAGE_REMOVED = "page_removed"
    EMBED_MADE = "embed_made"
    EMBED_SITES_CHANGED = "embed_sites_changed"
    EMBED_RENEWED = "embed_renewed"
    EMBED_CODE_REMOVED = "embed_code_removed"
    EMBED_REMOVED = "embed_removed"
    API_TOKEN_MADE = "api_token_made"  # noqa: S105 - no password
    API_TOKEN_REVOKED = "api_token_revoked"  # noqa: S105 - no password
    SITE_PUBLISHED = "site_published"
    SITE_CHANGED = "site_changed"
    SITE_REMOVED = "site_removed"
    ORGANISATION_CHANGED = "organisation_changed"
    ORGANISATION_CREATED = "organisation_created"
    ORGANISATION_SUSPENDED = "organisation_suspended"
    ORGANISATION_RESUMED = "organisation_resumed"
    LICENCE_CHANGED = "licence_changed"
    LICENCE_REVOKED = "licence_revoked"
    MEMBER_INVITED = "member_invited"
    INVITATION_RESENT = "invitation_resent"
    FACTOR_RESET = "factor_reset"
    MEMBER_CHANGED = "member_changed"
    ROLE_CHANGED = "role_changed"
    MEMBER_REMOVED = "member_removed"
    LOGIN_LINK_MADE = "login_link_made"
    CLIENT_ADDED = "client_added"
    CLIENT_REMOVED = "client_removed"
    CLIENT_SECRET_MADE = "client_secret_made"  # noqa: S105 - no password
    KEYS_ROTATED = "keys_rotated"
    PICTURE_KEYS_ROTATED = "picture_keys_rotated"


WORDS = {
    Action.SIGNED_IN: N_("アプリへのログイン"),
    Action.SIGNED_OUT: N_("アプリからのログアウト"),
    Action.PROVIDER_CHANGED: N_("認証サービスの変更に伴う引き継ぎ"),
    Action.CAMERA_ADDED: N_("カメラの追加"),
    Action.CAMERA_CHANGED: N_("カメラ設定の変更"),
    Action.CAMERA_RENAMED: N_("カメラ名の変更"),
    Action.CAMERA_REPLACED: N_("カメラの差し替え（背景画像は削除）"),
    Action.CAMERA_REMOVED: N_("登録カメラの削除"),
    Action.GROUP_ADDED: N_("グループの追加"),
    Action.GROUP_CHANGED: N_("グループ設定の変更"),
    Action.GROUP_RENAMED: N_("グループ名の変更"),
    Action.GROUP_REMOVED: N_("登録グループの削除"),
    Action.MONITORING_STARTED: N_("モニタリングの開始"),
    Action.SETUP_FINISHED: N_("初回設定の完了"),
    Action.CLOUD_CONSENTED: N_("カメラクラウドの許可"),
    Action.CLOUD_GIVEN_UP: N_("カメラクラウドとの連携の解除"),
    Action.AREAS_CHANGED: N_("集計するエリアの変更"),
    Action.HOURS_CHANGED: N_("営業時間の変更"),
    Action.BACKGROUND_REGISTERED: N_("背景画像の登録"),
    Action.BACKGROUND_REMOVED: N_("背景画像の削除"),
    Action.BACKGROUND_BUILD_STARTED: N_("背景画像の自動作成の開始"),
    Action.BACKGROUND_BUILD_ENDED: N_("背景画像の自動作成の中止"),
    Action.ALERT_CHANGED: N_("混雑アラートの変更"),
    Action.ALERT_UNSUBSCRIBED: N_("混雑アラートのメールの停止（受信者による）"),
    Action.BACKGROUND_PATTERN_CHANGED: N_("背景パターンの変更"),
    Action.CSV_ASKED: N_("CSV一括ダウンロードの準備"),
    Action.REPORT_ASKED: N_("月次レポートの作成"),
    Action.PAGE_PUBLISHED: N_("公開ページの作成"),
    Action.PAGE_CHANGED: N_("公開ページの設定変更"),
    Action.PAGE_REMOVED: N_("公開ページの削除"),
    Action.EMBED_MADE: N_("埋め込み用コードの作成"),
    Action.EMBED_SITES_CHANGED: N_("埋め込みを許可するサイトの変更"),
    Action.EMBED_RENEWED: N_("埋め込み用の鍵の更新"),
    Action.EMBED_CODE_REMOVED: N_("埋め込み用コードの停止"),
    Action.EMBED_REMOVED: N_("埋め込みの停止"),
    Action.API_TOKEN_MADE: N_("APIトークンの作成"),
    Action.API_TOKEN_REVOKED: N_("APIトークンの取り消し"),
    Action.SITE_PUBLISHED: N_("WEBサイトの生成"),
    Action.SITE_CHANGED: N_("WEBサイトの設定変更"),
    Action.SITE_REMOVED: N_("WEBサイトの削除"),
    Action.ORGANISATION_CHANGED: N_("組織設定の変更"),
    Action.ORGANISATION_CREATED: N_("組織の作成"),
    Action.ORGANISATION_SUSPENDED: N_("組織の停止"),
    Action.ORGANISATION_RESUMED: N_("組織の再開"),
    Action.LICENCE_CHANGED: N_("ライセンスの変更"),
    Action.LICENCE_REVOKED: N_("ライセンスの変更予定の取り消し"),
    Action.MEMBER_INVITED: N_("メンバーの招待"),
    Action.INVITATION_RESENT: N_("招待メールの再送"),
    Action.FACTOR_RESET: N_("二段階認証のリセット"),
    Action.MEMBER_CHANGED: N_("メンバー情報の変更"),
    Action.ROLE_CHANGED: N_("役割の変更"),
    Action.MEMBER_REMOVED: N_("メンバーの削除"),
    Action.LOGIN_LINK_MADE: N_("緊急用ログインURLの発行"),
    Action.CLIENT_ADDED: N_("連携アプリの追加"),
    Action.CLIENT_REMOVED: N_("連携アプリの削除"),
    Action.CLIENT_SECRET_MADE: N_("連携アプリのシークレットの再発行"),
    Action.KEYS_ROTATED: N_("署名鍵の更新"),
    Action.PICTURE_KEYS_ROTATED: N_("画像の署名鍵の更新"),
}

# What the fields are called in which something changed.
FIELDS = {
    "name": N_("名前"),
    "connector": N_("種類"),
    "source": N_("接続先"),
    "engine": N_("AIモード"),
    "level": N_("検知レベル"),
    "rotation": N_("画像の向き"),
    "cameras": N_("カメラ"),
    "default_camera": N_("デフォルトカメラ"),
    "areas": N_("エリアの数"),
    "area_shapes": N_("エリアの形"),
    "has_hours": N_("営業時間を設定する"),
    "hours": N_("営業時間"),
    "closed_picture": N_("時間外画像"),
    "blur": N_("ぼかし度"),
    "has_night": N_("昼・夜切り替え"),
    "day_starts": N_("昼の始まり"),
    "day_ends": N_("昼の終わり"),
    "shows_count": N_("人数の表示"),
    "sites": N_("埋め込みを許可するサイト"),
    "scopes": N_("読み取れるもの"),
    "site_on": N_("WEBサイト生成"),
    "site_name": N_("サイト名"),
    "placement": N_("外部リンクの表示方法"),
    "link_title": N_("タイトル名"),
    "link_text": N_("説明"),
    "link_url": N_("リンクURL"),
    "shows": N_("表示設定"),
    "first": N_("初期表示"),
    "refreshes": N_("自動更新"),
    "counts": N_("検知人数表示"),
    "alert_on": N_("混雑アラート"),
    "stages": N_("段階"),
    "thresholds": N_("混雑基準人数"),
    "alert_pictures": N_("アラート画像"),
    "alert_mails": N_("アラートメールの通知先"),
    "alert_channels": N_("WebhookとMQTT"),
    "time_zone": N_("タイムゾーン"),
    "language": N_("言語"),
    "monitoring_allowed": N_("一般ユーザのモニタリング"),
    "colour": N_("テーマカラー"),
    "logo": N_("ロゴ"),
    "role": N_("役割"),
    "kana": N_("フリガナ"),
    "company": N_("会社名"),
    "department": N_("部署"),
    "phone": N_("電話番号"),
    "issuer": N_("認証サービス"),
    "effective_on": N_("適用開始日"),
    "camera_licences": N_("カメラライセンス数"),
    "cameras_until": N_("カメラライセンスの有効期限"),
    "packs": N_("APIライセンス数"),
    "packs_until": N_("APIライセンスの有効期限"),
}
