"""Every route, flat: the map of the product, and who each of them is for."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.routing import BaseRoute, Route

from webapp import healthz, metrics
from webapp.access import Access, View, guard
from webapp.alerts import routes as alerts
from webapp.alerts.unsubscribing import PATH as UNSUBSCRIBE
from webapp.api import openapi, token_routes
from webapp.api import routes as api
from webapp.api.operation import Operation
from webapp.api.problems import API
from webapp.areas import routes as areas
from webapp.audit import routes as audit
from webapp.backgrounds import build_routes as builds
from webapp.backgrounds import routes as backgrounds
from webapp.camera_cloud import replacing as cloud_replacing
from webapp.camera_cloud import routes as camera_cloud
from webapp.cameras import list_routes as lists
from webapp.cameras import mode_routes as modes
from webapp.cameras import routes as cameras
from webapp.embeds import code_routes as embed_codes
from webapp.embeds import embed_routes as embeds_public
from webapp.embeds import pictures
from webapp.forecast import routes as forecast
from webapp.groups import list_routes as group_lists
from webapp.groups import routes as groups
from webapp.history import bulk_routes as bulk
from webapp.history import csv_routes as csv
from webapp.history import routes as history
from webapp.hours import routes as hours
from webapp.licences import routes as licences
from webapp.licences import usage_routes as usage
from webapp.mailbox import routes as mailbox
from webapp.monitoring import routes as monitoring
from webapp.operator import licence_routes
from webapp.operator import routes as operator
from webapp.organisations import routes as organisations
from webapp.reports import routes as reports
from webapp.setup import routes as setup
from webapp.signin import backchannel
from webapp.signin import routes as signin
from webapp.sites import poster_routes as posters
from webapp.sites import routes as sites
from webapp.sites import site_routes as sites_public
from webapp.verification import routes as verification


@dataclass(frozen=True, slots=True)
class Entry:
    """One route: method, path, who it is for, and the view."""

    method: str
    path: str
    access: Access
    view: View


def _anyone(method: str, path: str, view: View) -> Entry:
    return Entry(method, path, Access.ANYONE, view)


def _signed_in(method: str, path: str, view: View) -> Entry:
    return Entry(method, path, Access.SIGNED_IN, view)


def _member(method: str, path: str, view: View) -> Entry:
    return Entry(method, path, Access.MEMBER, view)


def _admin(method: str, path: str, view: View) -> Entry:
    return Entry(method, path, Access.ADMIN, view)


def _monitoring(method: str, path: str, view: View) -> Entry:
    return Entry(method, path, Access.MONITORING, view)


def _token(path: str, operation: Operation) -> Entry:
    return Entry("GET", path, Access.TOKEN, operation.respond)


def _operator(method: str, path: str, view: View) -> Entry:
    return Entry(method, path, Access.OPERATOR, view)


ENTRIES = (
    _anyone("GET", "/healthz", healthz.healthz),
    _anyone("GET", "/metrics", metrics.metrics),
    # The public
    _anyone("GET", "/p/{key}", embeds_public.former_page),
    _anyone("GET", "/e/{key}/{variant}.jpg", embeds_public.picture),
    _anyone("GET", "/e/{key}/{variant}.json", embeds_public.data),
    _anyone("GET", "/e/{key}/{variant}", embeds_public.show),
    _anyone("GET", "/e/{key}/{variant}/part", embeds_public.part),
    _anyone("GET", "/s/{key}", sites_public.show),
    _anyone("GET", "/s/{key}/part", sites_public.part),
    _anyone("GET", "/s/{key}/signage", sites_public.signage),
    _anyone("GET", "/s/{key}/signage/part", sites_public.signage_part),
    _anyone("GET", "/s/{key}/card.png", sites_public.card),
    _anyone("GET", "/s/{key}/logo.png", sites_public.logo),
    _anyone("GET", "/colours/{colour}.css", sites_public.colour_css),
    _anyone("GET", "/pictures/{path:path}", pictures.picture),
    # Verifying a picture
    _anyone("GET", "/verify/{kind}", verification.about),
    _anyone("GET", "/verify/{camera}/{picture}", verification.verify_page),
    _anyone("GET", "/verify/{camera}/{picture}/manifest.json", verification.manifest_file),
    _anyone("GET", "/verify/{camera}/{picture}/keys.json", verification.keys_file),
    _anyone("GET", "/verify/{camera}/{picture}/background.png", verification.background_file),
    _anyone("GET", "/verify/{camera}/{picture}/picture.jpg", verification.picture_file),
    _anyone("GET", "/verify/{camera}/{picture}/redrawn.jpg", verification.redrawn_file),
    # The read API, for programs with a token
    _token("/api/v1/cameras", api.CAMERAS),
    _token("/api/v1/cameras/state", api.CAMERA_STATES),
    _token("/api/v1/cameras/{camera}/state", api.CAMERA_STATE),
    _token("/api/v1/cameras/{camera}/history", api.CAMERA_HISTORY),
    _token("/api/v1/cameras/{camera}/forecast/weekly", api.CAMERA_WEEKLY),
    _token("/api/v1/cameras/{camera}/forecast/dated", api.CAMERA_DATED),
    _token("/api/v1/groups", api.GROUPS),
    _token("/api/v1/groups/state", api.GROUP_STATES),
    _token("/api/v1/groups/{group}/state", api.GROUP_STATE),
    _token("/api/v1/groups/{group}/history", api.GROUP_HISTORY),
    _token("/api/v1/groups/{group}/forecast/weekly", api.GROUP_WEEKLY),
    _token("/api/v1/groups/{group}/forecast/dated", api.GROUP_DATED),
    _anyone("GET", "/api/v1/openapi.json", openapi.description),
    _anyone("GET", "/help/api", token_routes.help_page),
    # The mails of the demo, for whoever sits at this machine
    _anyone("GET", "/mailbox", mailbox.mailbox_page),
    _anyone("GET", "/mailbox/{name}", mailbox.message),
    _anyone("GET", "/mailbox/{name}/html", mailbox.message_html),
    # Signing in and out
    _anyone("GET", "/sign-in", signin.sign_in),
    _anyone("GET", "/sign-in/callback", signin.callback),
    _anyone("POST", "/backchannel-logout", backchannel.backchannel_logout),
    _anyone("GET", "/signed-out", signin.signed_out),
    _anyone("GET", "/login-link/{token}", signin.login_link),
    _anyone("POST", "/login-link/{token}", signin.redeem_login_link),
    _signed_in("POST", "/sign-out", signin.sign_out),
    _signed_in("POST", "/language", signin.change_language),
    # 初回設定
    _admin("GET", "/setup", setup.start),
    _admin("POST", "/setup/later", setup.later),
    _admin("GET", "/setup/{step}", setup.show),
    _admin("POST", "/setup/{step}", setup.save),
    # Cameras
    _member("GET", "/", lists.home),
    _member("GET", "/cameras", lists.camera_list),
    _member("GET", "/cameras/cards", lists.cards),
    _member("GET", "/cameras/manage", lists.manage),
    _member("GET", "/cameras/manage/rows", lists.rows),
    _admin("GET", "/cameras/new", cameras.new),
    _admin("GET", "/cameras/new/network", cameras.new_network),
    _admin("POST", "/cameras/new", cameras.create),
    _admin("POST", "/cameras/test", cameras.test_new),
    _admin("POST", "/cameras/fields", cameras.fields_new),
    _admin("GET", "/cameras/new/cloud", camera_cloud.choose),
    _admin("POST", "/cameras/new/cloud", camera_cloud.add_chosen),
    _member("GET", "/cameras/{camera}", cameras.camera_page),
    _member("GET", "/cameras/{camera}/live", cameras.live),
    _admin("GET", "/cameras/{camera}/edit", cameras.edit),
    _admin("POST", "/cameras/{camera}/edit", cameras.save),
    _admin("POST", "/cameras/{camera}/test", cameras.test_existing),
    _admin("POST", "/cameras/{camera}/fields", cameras.fields_existing),
    _admin("GET", "/cameras/{camera}/replace", cameras.replace),
    _admin("POST", "/cameras/{camera}/replace", cameras.save_replacement),
    _admin("GET", "/cameras/{camera}/replace/cloud", cloud_replacing.choose),
    _admin("POST", "/cameras/{camera}/replace/cloud", cloud_replacing.save),
    _admin("POST", "/cameras/{camera}/rename", cameras.rename),
    _admin("GET", "/cameras/{camera}/consent", camera_cloud.ask_again),
    _admin("GET", "/cameras/{camera}/delete", cameras.confirm_delete),
    _admin("POST", "/cameras/{camera}/delete", cameras.delete),
    # Groups of cameras
    _member("GET", "/groups", group_lists.group_list),
    _member("GET", "/groups/cards", group_lists.cards),
    _member("GET", "/groups/manage", group_lists.manage),
    _admin("GET", "/groups/new", groups.new),
    _admin("POST", "/groups/new", groups.create),
    _member("GET", "/groups/{group}", group_lists.members),
    _member("GET", "/groups/{group}/live", group_lists.live),
    _admin("GET", "/groups/{group}/basic", groups.basic),
    _admin("POST", "/groups/{group}/basic", groups.save),
    _admin("GET", "/groups/{group}/cameras", groups.choose),
    _admin("POST", "/groups/{group}/cameras", groups.save_choice),
    _admin("POST", "/groups/{group}/rename", groups.rename),
    _admin("POST", "/groups/{group}/notice", groups.dismiss),
    _admin("GET", "/groups/{group}/delete", groups.confirm_delete),
    _admin("POST", "/groups/{group}/delete", groups.delete),
    # AIモード
    _member("GET", "/cameras/{camera}/mode", modes.mode_page),
    _admin("POST", "/cameras/{camera}/mode", modes.save_mode),
    _admin("POST", "/cameras/{camera}/mode/try", modes.try_modes),
    # モニタリング: the frame itself, for members
    _monitoring("GET", "/cameras/{camera}/monitoring", monitoring.monitoring_page),
    _monitoring("POST", "/cameras/{camera}/monitoring/start", monitoring.start),
    _monitoring("POST", "/cameras/{camera}/monitoring/look", monitoring.look),
    _monitoring("POST", "/cameras/{camera}/monitoring/stop", monitoring.stop),
    _monitoring("GET", "/cameras/{camera}/monitoring/frame", monitoring.frame),
    # The camera cloud and what its owners allow
    _admin("GET", "/camera-cloud", camera_cloud.overview),
    _admin("GET", "/camera-cloud/authorise", camera_cloud.authorise),
    _admin("GET", "/camera-cloud/callback", camera_cloud.callback),
    _admin("GET", "/camera-cloud/{consent}/give-up", camera_cloud.confirm_give_up),
    _admin("POST", "/camera-cloud/{consent}/give-up", camera_cloud.give_up),
    # Areas to count in and to leave out
    _admin("GET", "/cameras/{camera}/areas", areas.areas_page),
    _admin("POST", "/cameras/{camera}/areas", areas.save),
    _admin("POST", "/cameras/{camera}/areas/try", areas.try_areas),
    # 混雑アラート of cameras and groups
    _member("GET", "/cameras/{camera}/alerts", alerts.editor),
    _admin("POST", "/cameras/{camera}/alerts", alerts.save),
    _admin("POST", "/cameras/{camera}/alerts/trial", alerts.try_month),
    _admin("POST", "/cameras/{camera}/alerts/test", alerts.test),
    _member("GET", "/cameras/{camera}/alerts/log", alerts.log_page),
    _member("GET", "/groups/{group}/alerts", alerts.editor),
    _admin("POST", "/groups/{group}/alerts", alerts.save),
    _admin("POST", "/groups/{group}/alerts/trial", alerts.try_month),
    _admin("POST", "/groups/{group}/alerts/test", alerts.test),
    _member("GET", "/groups/{group}/alerts/log", alerts.log_page),
    _member("GET", "/alert-templates/{name}", alerts.template_picture),
    _anyone("GET", UNSUBSCRIBE, alerts.unsubscribe_page),
    _anyone("POST", UNSUBSCRIBE, alerts.unsubscribe_now),
    _signed_in("GET", "/help", alerts.help_page),
    # Business hours
    _member("GET", "/cameras/{camera}/hours", hours.hours_page),
    _admin("POST", "/cameras/{camera}/hours", hours.save),
    _admin("POST", "/cameras/{camera}/hours/draft", hours.draft),
    _admin("POST", "/cameras/{camera}/hours/copy", hours.copy),
    _member("GET", "/groups/{group}/hours", hours.group_page),
    _admin("POST", "/groups/{group}/hours", hours.group_save),
    _admin("POST", "/groups/{group}/hours/draft", hours.group_draft),
    # Backgrounds
    _admin("GET", "/cameras/{camera}/background", backgrounds.background_page),
    _admin("POST", "/cameras/{camera}/background/pattern", backgrounds.set_pattern),
    _admin("POST", "/cameras/{camera}/background/upload", backgrounds.upload),
    _admin("POST", "/cameras/{camera}/background/take", backgrounds.take),
    _admin("POST", "/cameras/{camera}/background/register", backgrounds.register),
    _admin("POST", "/cameras/{camera}/background/remove", backgrounds.remove),
    _admin("GET", "/cameras/{camera}/background/build", builds.show),
    _admin("POST", "/cameras/{camera}/background/build", builds.start),
    _admin("POST", "/cameras/{camera}/background/build/use", builds.use),
    _admin("POST", "/cameras/{camera}/background/build/cancel", builds.cancel),
    # 検知人数履歴 and CSV
    _member("GET", "/cameras/{camera}/history", history.history_page),
    _member("GET", "/cameras/{camera}/history/data", history.data),
    _member("GET", "/cameras/{camera}/history/table", history.table),
    _member("GET", "/cameras/{camera}/forecast", forecast.forecast_page),
    _member("GET", "/groups/{group}/forecast", forecast.forecast_page),
    _member("GET", "/groups/{group}/history", history.history_page),
    _member("GET", "/groups/{group}/history/data", history.data),
    _member("GET", "/groups/{group}/history/table", history.table),
    _member("GET", "/cameras/{camera}/csv", csv.csv_page),
    _member("GET", "/cameras/{camera}/csv/download", csv.download),
    _member("GET", "/csv", bulk.bulk_page),
    _member("GET", "/csv/rows", bulk.rows),
    _member("POST", "/csv", bulk.ask),
    _member("GET", "/csv/{file}/download", bulk.download),
    # 月次レポート
    _member("GET", "/reports", reports.reports_page),
    _member("GET", "/reports/rows", reports.rows),
    _member("POST", "/reports", reports.ask),
    _member("POST", "/reports/mail", reports.wish),
    _member("GET", "/reports/{file}/download", reports.download),
    # The public page of a camera
    # 埋め込み用コード
    _member("GET", "/cameras/{camera}/embed", embed_codes.codes_page),
    _member("GET", "/cameras/{camera}/embed/preview", embed_codes.preview),
    _admin("POST", "/cameras/{camera}/embed", embed_codes.make_code),
    _member("POST", "/cameras/{camera}/embed/try", embed_codes.try_page),
    _admin("POST", "/cameras/{camera}/embed/sites", embed_codes.save_sites),
    _admin("POST", "/cameras/{camera}/embed/renew", embed_codes.renew),
    _admin("POST", "/cameras/{camera}/embed/delete", embed_codes.end),
    _admin("POST", "/cameras/{camera}/embed/{variant}/delete", embed_codes.end_code),
    _member("GET", "/groups/{group}/embed", embed_codes.codes_page),
    _member("GET", "/groups/{group}/embed/preview", embed_codes.preview),
    _admin("POST", "/groups/{group}/embed", embed_codes.make_code),
    _member("POST", "/groups/{group}/embed/try", embed_codes.try_page),
    _admin("POST", "/groups/{group}/embed/sites", embed_codes.save_sites),
    _admin("POST", "/groups/{group}/embed/renew", embed_codes.renew),
    _admin("POST", "/groups/{group}/embed/delete", embed_codes.end),
    _admin("POST", "/groups/{group}/embed/{variant}/delete", embed_codes.end_code),
    # WEBサイト生成
    _member("GET", "/groups/{group}/site", sites.editor),
    _member("GET", "/groups/{group}/site/preview", sites.preview),
    _member("GET", "/groups/{group}/site/code.{kind}", sites.code),
    _admin("POST", "/groups/{group}/site", sites.save),
    # QRポスター
    _member("GET", "/cameras/{camera}/poster", posters.poster_page),
    _member("GET", "/cameras/{camera}/poster/download", posters.download),
    _member("GET", "/groups/{group}/poster", posters.poster_page),
    _member("GET", "/groups/{group}/poster/download", posters.download),
    # ライセンス管理
    _member("GET", "/licences", licences.licence_page),
    _member("GET", "/licences/usage", usage.usage_page),
    _member("GET", "/licences/usage.csv", usage.usage_csv),
    _member("POST", "/licences/few-calls/hide", licences.hide_few_calls),
    # 組織設定 and 監査ログ
    _member("GET", "/organisation", organisations.settings_page),
    _admin("POST", "/organisation", organisations.save),
    _member("GET", "/organisation/colour", organisations.colour),
    _member("GET", "/organisation/logo", organisations.logo_picture),
    _admin("GET", "/organisation/tokens", token_routes.tokens_page),
    _admin("POST", "/organisation/tokens", token_routes.create),
    _admin("POST", "/organisation/tokens/{token}/revoke", token_routes.revoke),
    _admin("GET", "/organisation/audit", audit.organisation_log),
    # 事業者
    _operator("GET", "/operator", operator.home),
    _operator("GET", "/operator/audit", audit.whole_log),
    _operator("GET", "/operator/organisations/new", operator.new),
    _operator("POST", "/operator/organisations/new", operator.create),
    _operator("GET", "/operator/organisations/{organisation}", operator.organisation_page),
    _operator("POST", "/operator/organisations/{organisation}/suspend", operator.suspend),
    _operator("POST", "/operator/organisations/{organisation}/resume", operator.resume),
    _operator("POST", "/operator/organisations/{organisation}/invite", operator.invite),
    _operator("GET", "/operator/organisations/{organisation}/licence", licence_routes.edit),
    _operator("POST", "/operator/organisations/{organisation}/licence", licence_routes.save),
    _operator(
        "POST", "/operator/organisations/{organisation}/licence/revoke", licence_routes.revoke
    ),
)

# Where a body may be as large as a picture; everywhere else 64 KB are enough.
UPLOAD_PATHS = (
    "/background/upload",
    "/hours",
    "/organisation",
    "/alerts",
    "/alerts/trial",
    "/alerts/test",
)
# What other programs post to, with a proof of their own instead of a cookie.
BETWEEN_SERVERS = ("/backchannel-logout", UNSUBSCRIBE)
# Below these no cookie is heeded at all.
TOKENS_ALONE = (API,)


def pages() -> dict[str, Access]:
    """Every path that can be opened, and who it is for: menus lead to no other."""
    return {entry.path: entry.access for entry in ENTRIES if entry.method == "GET"}


def routes() -> list[BaseRoute]:
    """The routes for Starlette, each behind its guard."""
    return [
        Route(entry.path, guard(entry.view, entry.access), methods=[entry.method])
        for entry in ENTRIES
    ]
