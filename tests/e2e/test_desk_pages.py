"""The desks of planners and admins in a real browser: progress, people, log, jobs, storage."""

import json
import os
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Connection

from api import passwords
from inspection.domain.account import Role
from inspection.domain.review import Action, Verdict
from inspection.store import joblines, jobs, keys, reviews, schema, sheets
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, writing
from inspection.store.joblines import Said
from inspection.store.scope import HOME
from tests.e2e.test_accessibility import barriers
from tests.support.browser import fits, keep_screenshot, no_script_errors, opened_page, until
from tests.support.people import PASSWORD, add_person
from tests.support.prefecture import invent_bridges
from tests.support.seed import Seeded, database_url, seed
from tests.support.server import RunningServer, running_server
from tests.support.tiles import Tiles, running_tiles

pytestmark = pytest.mark.e2e

STRAY = keys.photo_key("ab" * 32, ".jpg")
PEOPLE = {"kanri": Role.ADMIN, "keikaku": Role.PLANNER, "hanako": Role.ENGINEER}


def failed_job(connection: Connection, survey_id: uuid.UUID, now: datetime) -> None:
    """Let a job of a survey give up, with what its worker said."""
    asked = jobs.enqueue(connection, survey_id, "conduct", now)
    held = jobs.claim(connection, asked.job_id, "worker-1:77", now, 60)
    assert held is not None
    lines = [
        Said(
            at=now, level=level, message=message, attempt=held.attempt, worker=held.worker, number=0
        )
        for level, message in (
            ("INFO", "mosaic: 120 of 300 photos registered"),
            ("ERROR", "mosaic: the disk is full"),
        )
    ]
    joblines.add(connection, asked.job_id, lines)
    jobs.fail(connection, held, "the disk is full", now, retryable=False)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    filled = seed(tmp_path_factory.mktemp("desks") / "home")
    engine = create_engine(filled.database_url)
    now = datetime.now(UTC)
    with writing(engine) as connection:
        sheets.save(connection, invent_bridges(40))
        for number, defect in enumerate(filled.mapped.defects[:2]):
            verdict = Verdict(
                verdict_id=defect.defect_id,
                defect_id=defect.defect_id,
                action=Action.CONFIRM,
                reviewer="金沢",
                decided_at=now,
                expected_version=1,
                note=str(number),
            )
            reviews.record(connection, verdict)
        failed_job(connection, filled.local.survey_id, now)
    left = FolderBlobs(filled.home / "blobs")
    left.put_bytes(STRAY, b"left by a run that was killed" * 1000)
    week_ago = now.timestamp() - 8 * 86_400
    os.utime(filled.home / "blobs" / STRAY, (week_ago, week_ago))
    stored = passwords.hashed(PASSWORD)
    for name, role in PEOPLE.items():
        add_person(engine, role, HOME, now, name=name, password_hash=stored)
    engine.dispose()
    return filled


@pytest.fixture(scope="module")
def tiles() -> Iterator[str]:
    """Give the address of a tile server that is not the service."""
    with running_tiles() as address:
        yield address


@pytest.fixture(scope="module")
def server(seeded: Seeded, tiles: str) -> Iterator[RunningServer]:
    dist = Path(__file__).parents[2] / "api" / "web" / "dist" / "index.html"
    assert dist.is_file(), "the pages are not built; run make web"
    square = {
        "name": "緑の地図",
        "url": f"{tiles}/xyz/{{z}}/{{x}}/{{y}}.png",
        "attribution": "国土地理院（例）",
        "link": "https://maps.gsi.go.jp/",
    }
    environment = {"TENKEN_BASEMAPS": json.dumps([square], ensure_ascii=False)}
    with running_server(seeded.home, worker=False, environment=environment) as running:
        yield running


def sign_in(page: Page, name: str) -> None:
    page.locator("input[autocomplete=username]").fill(name)
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator(".sign-in button[type=submit]").click()
    expect(page.locator(".person")).to_contain_text(name)


def test_a_planner_sees_what_waits_and_records_what_was_done(server: RunningServer) -> None:
    with opened_page(locale="ja-JP", height_px=1500) as page:
        page.goto(f"{server.base_url}/app/dashboard")
        sign_in(page, "keikaku")
        with no_script_errors(page):
            expect(page.get_by_role("heading", name="点検と措置の進捗")).to_be_visible()
            waiting = page.locator(".waiting tbody tr")
            expect(waiting).to_have_count(2)
            expect(page.locator("[data-phase=whole]")).to_contain_text("≥")
            keep_screenshot(page, "dashboard-ja")
            waiting.first.get_by_role("button", name="措置を記録").click()
            dialog = page.get_by_role("dialog", name="措置を記録")
            dialog.get_by_label("段階").select_option("finished")
            dialog.get_by_label("備考").fill("契約 12 号")
            assert barriers(page) == []
            keep_screenshot(page, "dashboard-measure-ja")
            dialog.get_by_role("button", name="記録する").click()
            expect(waiting).to_have_count(1)
            # one day where midnight passed since the fixture
            expect(page.locator("[data-phase=repair]")).to_contain_text(re.compile("[01] 日"))
            finished = page.locator(".bars-finished figcaption")
            expect(finished).to_contain_text("1")
            page.get_by_role("button", name="日別").click()
            expect(page.locator(".bars-ends").first).to_contain_text("-")
            page.get_by_text("数値を表で見る").click()
            expect(page.locator(".bars-finished")).to_be_visible()
            assert barriers(page) == []
            first = page.locator(".urgent tbody tr").first
            asset = first.get_attribute("data-asset")
            first.get_by_role("button").click()
            dialog.get_by_role("button", name="記録する").click()
            expect(dialog).to_have_count(0)
            row = page.locator(f"[data-asset='{asset}']")
            expect(row).to_contain_text("着手")
            row.get_by_role("button").click()
            dialog.get_by_role("button", name="取り消す").click()
            dialog.get_by_label("取り消す理由").fill("別の橋だった")
            dialog.get_by_role("button", name="取り消す").click()
            expect(row).to_contain_text("未着手")


def test_the_dashboard_by_night_in_english_for_one_town_and_on_a_phone(
    server: RunningServer,
) -> None:
    with opened_page(locale="en-GB", height_px=1500) as page, no_script_errors(page):
        page.emulate_media(color_scheme="dark")
        page.goto(f"{server.base_url}/app/dashboard")
        sign_in(page, "hanako")
        expect(page.locator(".municipalities tbody tr").nth(3)).to_be_visible()
        everything = page.locator("[data-share=inspectedShare] b").inner_text()
        page.get_by_role("combobox", name="Municipality").select_option("七尾市")
        expect(page.locator(".municipalities tbody tr")).to_have_count(1)
        expect(page.locator("[data-share=inspectedShare] b")).not_to_have_text(everything)
        expect(page.get_by_role("button", name="Record a measure")).to_have_count(0)
        assert barriers(page) == []
        keep_screenshot(page, "dashboard-dark-en")
        page.set_viewport_size({"width": 360, "height": 740})
        fits(page, 360)
        keep_screenshot(page, "dashboard-phone")


def secret_of(page: Page) -> str:
    shown = page.locator("[data-secret]")
    expect(shown).to_be_visible()
    return shown.inner_text()


def test_an_admin_adds_people_and_they_set_their_own_password(server: RunningServer) -> None:
    secret = add_taro(server)
    with opened_page(locale="en-GB") as page, no_script_errors(page):
        set_own_password(page, server, secret)
        make_and_end_a_token(page, server)
        page.goto(f"{server.base_url}/app/admin/people")
        expect(page.get_by_text("Only administrators use this page.")).to_be_visible()


def add_taro(server: RunningServer) -> str:
    """Add somebody, change what they are, and try to lock everybody out; give the password."""
    with opened_page(locale="ja-JP") as page:
        with no_script_errors(page):
            page.goto(server.base_url)
            sign_in(page, "kanri")
            page.get_by_role("link", name="管理", exact=True).click()
            expect(page.locator(".people tbody tr")).to_have_count(3)
            add = page.locator(".add-person")
            add.get_by_label("アカウント名").fill("taro")
            add.get_by_label("表示名").fill("七尾 太郎")
            add.get_by_label("役割").select_option("planner")
            add.get_by_label("承認できる").check()
            add.get_by_role("button", name="利用者を追加").click()
            secret = secret_of(page)
            row = page.locator("[data-person=taro]")
            expect(row).to_contain_text("計画担当承認できる")
            expect(row).to_contain_text("仮パスワード未使用")
            assert barriers(page) == []
            keep_screenshot(page, "admin-people-ja")
            page.get_by_role("button", name="控えました").click()
            expect(page.locator("[data-secret]")).to_have_count(0)
            row.get_by_role("button", name="変更").click()
            form = page.get_by_role("form", name="変更 taro")
            form.get_by_label("役割").select_option("crew")
            expect(form.get_by_label("承認できる")).to_be_disabled()
            assert barriers(page) == []
            keep_screenshot(page, "admin-person-ja")
            form.get_by_role("button", name="変更を保存").click()
            expect(row).to_contain_text("撮影班")
        mine = page.locator("[data-person=kanri]")
        mine.get_by_role("button", name="変更").click()
        form = page.get_by_role("form", name="変更 kanri")
        form.get_by_label("ログインできる").uncheck()
        with page.expect_response("**/api/people/*") as refused:
            form.get_by_role("button", name="変更を保存").click()
        assert refused.value.status == 409
        expect(form.get_by_role("alert")).to_contain_text("make somebody else an admin first")
    return secret


def set_own_password(page: Page, server: RunningServer, secret: str) -> None:
    page.goto(f"{server.base_url}/app/account")
    page.get_by_label("Account").fill("taro")
    page.get_by_label("Password").fill(secret)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("You came with a one-time password")).to_be_visible()
    assert barriers(page) == []
    page.get_by_label("Old password").fill(secret)
    page.get_by_label("New password").fill("一日一善 一期一会 温故知新 七転八起")
    page.get_by_role("button", name="Change the password").click()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Account").fill("taro")
    page.get_by_label("Password").fill("一日一善 一期一会 温故知新 七転八起")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="API tokens")).to_be_visible()
    expect(page.get_by_role("link", name="Administration")).to_have_count(0)


def make_and_end_a_token(page: Page, server: RunningServer) -> None:
    page.get_by_label("What it is for").fill("QGIS")
    page.get_by_role("button", name="Make a token").click()
    token = secret_of(page)
    page.emulate_media(color_scheme="dark")
    assert barriers(page) == []
    keep_screenshot(page, "account-dark-en")
    bearer = {"Authorization": f"Bearer {token}"}
    assert server.call("/api/assets", headers=bearer)[0] == 200
    page.get_by_role("button", name="Revoke").click()
    expect(page.locator(".tokens .kept")).to_contain_text("ended")
    assert server.call("/api/assets", headers=bearer)[0] == 401
    page.set_viewport_size({"width": 360, "height": 740})
    fits(page, 360)


def test_an_admin_reads_the_log_retries_a_job_and_clears_the_disk(
    server: RunningServer, tmp_path: Path
) -> None:
    with opened_page(locale="en-GB") as page, no_script_errors(page):
        page.emulate_media(color_scheme="dark")
        page.goto(f"{server.base_url}/app/admin/audit")
        sign_in(page, "kanri")
        page.get_by_role("button", name="Verify now").click()
        expect(page.locator(".proof")).to_contain_text("as it was written")
        page.get_by_label("Who", exact=True).fill("kanri")
        page.get_by_role("button", name="Show").click()
        rows = page.locator(".log tbody tr")
        expect(rows.first).to_contain_text("kanri")
        expect(rows.first).to_contain_text("sign_in")
        assert barriers(page) == []
        keep_screenshot(page, "admin-audit-dark-en")
        with page.expect_download() as coming:
            page.get_by_role("link", name="Export CSV").click()
        coming.value.save_as(tmp_path / "audit.csv")
        assert "sign_in" in (tmp_path / "audit.csv").read_text(encoding="utf-8-sig")
        page.get_by_role("link", name="Jobs").click()
        job = page.locator("[data-job]")
        expect(job).to_contain_text("gave up")
        job.get_by_role("button", name="Details").click()
        expect(page.locator(".lines")).to_contain_text("120 of 300 photos registered")
        form = page.get_by_role("form", name="Try again")
        form.get_by_label("From where").select_option("detect")
        form.get_by_label("Priority").select_option("high")
        assert barriers(page) == []
        keep_screenshot(page, "admin-jobs-dark-en")
        form.get_by_role("button", name="Try again").click()
        again = page.locator("[data-job][data-state=queued]")
        expect(again).to_contain_text("high")
        again.get_by_role("button", name="Details").click()
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("[data-job]").first).to_contain_text("cancelled")
    with opened_page(locale="ja-JP") as page, no_script_errors(page):
        page.goto(f"{server.base_url}/app/admin/storage")
        sign_in(page, "kanri")
        expect(page.locator(".stored tbody tr")).to_have_count(2)
        gone = page.locator(".unowned")
        expect(gone).to_contain_text("1 ファイル")
        assert barriers(page) == []
        keep_screenshot(page, "admin-storage-ja")
        gone.get_by_role("button", name="削除する").click()
        gone.get_by_role("button", name="削除", exact=True).click()
        expect(gone).to_contain_text("空けた容量: 29.0 kB")
        expect(gone).to_contain_text("ありません")
        assert not (server.home / "blobs" / STRAY).exists()


def test_a_background_map_lies_below_what_is_shown_and_can_be_switched_off(
    server: RunningServer, tiles: str
) -> None:
    with opened_page(locale="ja-JP") as page:
        blocked: list[str] = []
        page.on("console", lambda message: blocked.append(message.text))
        page.goto(f"{server.base_url}/app/planner")
        sign_in(page, "keikaku")
        expect(page.get_by_role("link", name="国土地理院（例）")).to_be_visible()
        assert until(page, lambda: list(Tiles.asked), bool)
        page.wait_for_load_state("networkidle")
        assert all(path.startswith("/xyz/") for path in Tiles.asked)
        assert blocked == []
        assert barriers(page) == []
        keep_screenshot(page, "planner-basemap-ja")
        choice = page.get_by_role("combobox", name="背景地図")
        choice.select_option("背景地図なし")
        expect(page.get_by_role("link", name="国土地理院（例）")).to_have_count(0)
        page.reload()
        expect(choice).to_have_value("")
        page.wait_for_load_state("networkidle")
        before = len(Tiles.asked)
        page.goto(f"{server.base_url}/app/flight")
        expect(choice).to_have_value("")
        page.wait_for_load_state("networkidle")
        assert len(Tiles.asked) == before
        choice.select_option("緑の地図")
        expect(page.get_by_role("link", name="国土地理院（例）")).to_be_visible()
        assert until(page, lambda: len(Tiles.asked), lambda asked: asked > before) > before
        keep_screenshot(page, "flight-basemap-ja")
        elsewhere = tiles.replace("127.0.0.1", "localhost")
        page.evaluate(
            "url => new Promise(done => { const i = new Image(); i.onload = i.onerror = done; "
            "i.src = url; })",
            f"{elsewhere}/stolen.png",
        )
        assert "/stolen.png" not in Tiles.asked
        policy = "Content Security Policy"
        assert policy in until(page, lambda: " ".join(blocked), lambda text: policy in text)


def test_the_first_account_of_all_keeps_its_password_on_the_page_until_it_is_noted(
    tmp_path: Path,
) -> None:
    """From the moment it is there nobody is signed in; its secret must not vanish with that."""
    schema.upgrade(database_url(tmp_path))
    with (
        running_server(tmp_path, worker=False) as empty,
        opened_page(locale="en-GB") as page,
        no_script_errors(page),
    ):
        page.goto(f"{empty.base_url}/app/dashboard")
        expect(page.get_by_role("heading", name="There is no asset yet")).to_be_visible()
        expect(page.locator(".dashboard li")).to_have_count(4)
        assert barriers(page) == []
        keep_screenshot(page, "dashboard-empty-en")
        page.get_by_role("link", name="Administration").click()
        expect(page.get_by_text("Nobody has an account yet")).to_be_visible()
        page.locator(".add-person").get_by_label("Account").fill("kanri")
        page.get_by_role("button", name="Add a person").click()
        secret = secret_of(page)
        page.evaluate("dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_load_state("networkidle")
        assert secret_of(page) == secret
        page.get_by_role("button", name="I have it").click()
        expect(page.get_by_label("Password")).to_be_visible()  # the form of signing in has come
        page.get_by_label("Account").fill("kanri")
        page.get_by_label("Password").fill(secret)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("You came with a one-time password")).to_be_visible()
