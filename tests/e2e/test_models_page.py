"""The room of models in a real browser, with the real server and a worker that runs networks."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from api import passwords
from inspection.domain.account import Role
from inspection.store import audit, offers
from inspection.store.engine import create_engine, reading
from inspection.store.scope import HOME
from models.registry import DEFAULT_MODEL
from tests.support.axe import barriers
from tests.support.browser import keep_screenshot, map_at_rest, no_script_errors, opened_page
from tests.support.modelrows import write_dark_network
from tests.support.people import PASSWORD, add_person
from tests.support.seed import Seeded, seed
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.e2e

START_S = 240.0
"""Longest time for the worker to say what it can load, on a busy machine."""

TRIED_MS = 240_000
"""Longest time for a network to be taken in or tried, on a busy machine."""


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    filled = seed(tmp_path_factory.mktemp("models") / "home")
    engine = create_engine(filled.database_url)
    stored = passwords.hashed(PASSWORD)
    add_person(engine, Role.ADMIN, HOME, datetime.now(UTC), name="kanri", password_hash=stored)
    engine.dispose()
    return filled


@pytest.fixture(scope="module")
def server(seeded: Seeded) -> Iterator[RunningServer]:
    dist = Path(__file__).parents[2] / "api" / "web" / "dist" / "index.html"
    assert dist.is_file(), "the pages are not built; run make web"
    environment = {
        "TENKEN_DETECT_MODELS_DIR": str(seeded.home / "models"),
        "TENKEN_DETECT_THREADS": "1",
    }
    with running_server(seeded.home, worker=True, environment=environment) as running:
        wait_for_worker(running, seeded)
        yield running


def wait_for_worker(server: RunningServer, seeded: Seeded) -> None:
    engine = create_engine(seeded.database_url)
    ends_s = time.monotonic() + START_S
    try:
        while time.monotonic() < ends_s:
            with reading(engine) as connection:
                if offers.every(connection):
                    return
            time.sleep(0.2)
    finally:
        engine.dispose()
    raise AssertionError(f"no worker said what it can load:\n{server.tail()}")


def sign_in(page: Page) -> None:
    page.locator("input[autocomplete=username]").fill("kanri")
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator(".sign-in button[type=submit]").click()
    expect(page.locator(".person")).to_contain_text("kanri")


def row(page: Page, name: str) -> Locator:
    return page.locator(f"[data-model={name}]")


def upload(page: Page, file: Path, name: str) -> None:
    form = page.get_by_role("form", name="モデルをアップロード")
    form.get_by_label("ONNX ファイル").set_input_files(file)
    form.get_by_label("名前", exact=False).first.fill(name)
    form.get_by_label("しきい値 ひびわれ").fill("0.6")
    form.get_by_role("button", name="アップロード").click()
    expect(form.get_by_role("status")).to_contain_text("ワーカーが確かめています")


def test_an_admin_uploads_tries_compares_and_chooses_a_model(
    server: RunningServer, seeded: Seeded, tmp_path: Path
) -> None:
    with opened_page(locale="ja-JP", height_px=1300) as page, no_script_errors(page):
        page.goto(f"{server.base_url}/app/admin/models")
        sign_in(page)
        expect(row(page, DEFAULT_MODEL)).to_contain_text("使えます")
        take_models_in(page, tmp_path)
        try_and_compare(page, seeded)
        choose_and_lose(page, server, seeded)
    engine = create_engine(seeded.database_url)
    with reading(engine) as connection:
        told = {event.action for event in audit.find(connection, limit=200)}
    engine.dispose()
    done = {"describe_model", "send_model_file", "choose_default_model", "withdraw_model"}
    assert told >= done | {"ask_trial"}


def take_models_in(page: Page, tmp_path: Path) -> None:
    """Upload a network that works and a file that is none."""
    upload(page, write_dark_network(tmp_path / "best.onnx"), "kurai")
    upload(page, write_dark_network(tmp_path / "keen.onnx", middle=0.45), "surudoi")
    for name in ("kurai", "surudoi"):
        expect(row(page, name)).to_have_attribute("data-standing", "usable", timeout=TRIED_MS)
    expect(row(page, "kurai")).to_contain_text("best.onnx")
    (tmp_path / "broken.onnx").write_bytes(b"MZ this is a program")
    upload(page, tmp_path / "broken.onnx", "dame")
    refused = row(page, "dame")
    expect(refused).to_have_attribute("data-standing", "modelRefused", timeout=TRIED_MS)
    expect(refused).to_contain_text("not a valid ONNX file")
    assert barriers(page) == []
    keep_screenshot(page, "models-ja")
    refused.get_by_role("button", name="取り下げる").click()
    assert barriers(page) == []
    refused.get_by_role("button", name="取り下げる", exact=True).click()
    expect(refused).to_have_count(0)


def try_and_compare(page: Page, seeded: Seeded) -> None:
    """Let both models look at the whole mosaic of one survey."""
    page.get_by_role("button", name="試す・比べる").click()
    page.get_by_label("試す調査").select_option(str(seeded.mapped.survey_id))
    expect(page.get_by_text("まだ試していません")).to_be_visible()
    drawn = map_at_rest(page)
    assert barriers(page) == []
    keep_screenshot(page, "models-try-empty-ja")
    form = page.get_by_role("form", name="試す・比べる")
    form.get_by_label("モデル A").select_option(label="kurai")
    form.get_by_label("モデル B").select_option(label="surudoi")
    form.get_by_label("範囲").select_option("whole")
    form.get_by_role("button", name="試す").click()
    trials = page.locator("table.trials tbody tr")
    expect(trials).to_have_count(2)
    for name in ("kurai", "surudoi"):
        tried = page.locator(f"[data-trial={name}]")
        expect(tried).to_have_attribute("data-state", "done", timeout=TRIED_MS)
    compared = page.locator(".compared")
    expect(compared).to_contain_text("両方")
    cracks = compared.locator("[data-class=crack]")
    # two dark cracks are seen by both; what is less dark (a spall, a fine crack) by the keen one
    expect(cracks.locator("[data-cell='first both']")).to_contain_text("2 (")
    expect(cracks.locator("[data-cell='first only']")).to_have_text("–")
    expect(cracks.locator("[data-cell='second both']")).to_contain_text("2 (")
    expect(cracks.locator("[data-cell='second only']")).to_contain_text(" (")
    expect(drawn).not_to_have_attribute("data-outlines", "0")
    compared.scroll_into_view_if_needed()
    assert barriers(page) == []
    keep_screenshot(page, "models-compared-ja")
    for group in ("両方が見つけたもの", "A だけ", "B だけ"):
        compared.get_by_label(group).uncheck()
    expect(drawn).to_have_attribute("data-outlines", "0")
    # one of the two alone
    page.locator("[data-trial=surudoi] input").uncheck()
    alone = page.locator(".figures-of-trial")
    expect(alone).to_contain_text("kurai@")
    expect(alone.locator("[data-class=crack]")).to_contain_text("m")
    page.locator("[data-trial=kurai]").get_by_role("button", name="削除").click()
    expect(trials).to_have_count(1)


def choose_and_lose(page: Page, server: RunningServer, seeded: Seeded) -> None:
    """Choose the upload for all surveys; when it is withdrawn, a survey says that it is missing."""
    page.get_by_role("button", name="モデル", exact=True).click()
    row(page, "kurai").get_by_role("button", name="標準にする").click()
    chosen = page.locator(".default-model")
    expect(chosen).to_contain_text("kurai")
    expect(row(page, "kurai")).to_contain_text("組織の標準")
    survey = f"{server.base_url}/app/surveys/{seeded.mapped.survey_id}/upload"
    page.goto(survey)
    line = page.locator(".model-line")
    expect(line).to_contain_text("kurai")
    expect(line.get_by_role("alert")).to_have_count(0)
    page.goto(f"{server.base_url}/app/admin/models")
    row(page, "kurai").get_by_role("button", name="取り下げる").click()
    row(page, "kurai").get_by_role("button", name="取り下げる", exact=True).click()
    expect(row(page, "kurai")).to_have_attribute("data-standing", "gone", timeout=TRIED_MS)
    page.goto(survey)
    expect(line.get_by_role("alert")).to_contain_text("管理者がモデルを選び直す必要があります")


def test_the_room_by_night_in_english_and_by_keyboard(server: RunningServer) -> None:
    with opened_page(locale="en-GB", height_px=1200) as page, no_script_errors(page):
        page.emulate_media(color_scheme="dark")
        page.goto(f"{server.base_url}/app/admin/models")
        sign_in(page)
        expect(row(page, DEFAULT_MODEL)).to_contain_text("can be used")
        form = page.get_by_role("form", name="Upload a model")
        form.get_by_text("More about its input").click()
        form.get_by_role("button", name="ImageNet").click()
        expect(form.get_by_label("Mean taken off")).to_have_value("0.485 0.456 0.406")
        form.get_by_role("button", name="Add a channel").click()
        form.get_by_label("Channel 2").select_option("spall")
        expect(form.get_by_label("Threshold of Spalling")).to_have_value("0.5")
        assert barriers(page) == []
        keep_screenshot(page, "models-dark-en")
        page.get_by_role("button", name="Models", exact=True).focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("form", name="Try and compare")).to_be_visible()
        map_at_rest(page)
        assert barriers(page) == []
        keep_screenshot(page, "models-try-dark-en")
