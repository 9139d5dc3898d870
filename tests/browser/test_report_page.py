"""The page of a report, opened from disk."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium_tabs import empty_tab
from evaluation_samples import evaluation, record, written
from playwright.sync_api import Browser, Page

from replay_viewer import build_report
from replay_viewer.report.server import served

HOSTILE = "</script><script>window.taken = 1</script><img src=x onerror='window.taken = 2'>\"'&"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 204 episodes."""
    folder = tmp_path_factory.mktemp("evaluation")
    return build_report(written(folder / "runs", evaluation(34)), folder / "report")


@pytest.fixture
def page(chromium: Browser, report: Path) -> Iterator[Page]:
    with opened(chromium, report) as tab:
        yield tab


class opened:
    """The page in a tab of its own, whose errors and requests are noted; there must be none when it is closed."""

    def __init__(self, browser: Browser, report: Path, **kind: Any) -> None:
        self._tab = empty_tab(browser, **kind)
        self._address = report.as_uri()
        self._odd: list[str] = []

    def __enter__(self) -> Page:
        page = self._tab.__enter__()
        page.on("console", lambda message: self._odd.append(message.text))
        page.on("pageerror", lambda error: self._odd.append(str(error)))
        page.on("request", lambda request: self._note(request.url))
        page.goto(self._address)
        page.wait_for_selector("[data-ready]")
        return page

    def _note(self, url: str) -> None:
        if url != self._address and not url.startswith(("blob:", "data:")):
            self._odd.append(url)

    def __exit__(self, *error: Any) -> None:
        self._tab.__exit__(*error)
        assert self._odd == []


def column(page: Page, name: str) -> list[str]:
    """What the table shows in a column."""
    heads = [
        re.sub(r"\s+", " ", head) for head in page.locator("#episodes thead th .dt-column-title").all_inner_texts()
    ]
    cells = page.locator(f"#episodes tbody tr td:nth-child({heads.index(name) + 1})")
    return cells.all_inner_texts()


def test_a_click_on_a_bin_chooses_its_episodes_and_the_table_sorts_and_saves_them(page: Page, tmp_path: Path) -> None:
    # The first bin of the factor that matters most: the least friction.
    page.locator(".factor").first.locator("g.mark").first.click()
    chip = page.locator("#filters button")
    low, high = map(float, re.findall(r"[0-9.]+", chip.inner_text()))
    assert "friction" in chip.inner_text()
    assert all(low - 1e-3 <= float(value) <= high + 1e-3 for value in column(page, "friction"))
    page.locator("#episodes thead th", has_text="return").locator(".dt-column-order").click()
    page.wait_for_selector("#episodes th[aria-sort=ascending]")
    returns = [float(value) for value in column(page, "return")]
    assert returns == sorted(returns)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    download.value.save_as(tmp_path / "episodes.csv")
    rows = list(csv.DictReader((tmp_path / "episodes.csv").open()))
    assert len(rows) == int(re.findall(r"of ([0-9]+)", page.locator(".dt-info").inner_text())[0])
    assert all(low - 1e-3 <= float(row["variations.friction"]) <= high + 1e-3 for row in rows)
    chip.click()
    assert "of 204 episodes" in page.locator(".dt-info").inner_text()


@pytest.mark.slow
def test_what_is_saved_has_no_formula_for_a_spreadsheet(chromium: Browser, tmp_path: Path) -> None:
    records = [record(k, total_reward=-1.0 - k, policy="=1+1", more={"@x": "-y"}) for k in range(3)]
    page = build_report(written(tmp_path / "runs", records), tmp_path / "report")
    with opened(chromium, page) as tab:
        with tab.expect_download() as download:
            tab.get_by_role("button", name="CSV").click()
        download.value.save_as(tmp_path / "episodes.csv")
    rows = list(csv.DictReader((tmp_path / "episodes.csv").open()))
    assert [(row["policy"], row["'@x"]) for row in rows] == [("'=1+1", "'-y")] * 3
    assert [float(row["total_reward"]) for row in rows] == [-1.0, -2.0, -3.0]


@pytest.mark.slow
def test_names_in_files_are_texts_wherever_they_are_shown(chromium: Browser, tmp_path: Path) -> None:
    facts: dict[str, Any] = {"reason": HOSTILE, "language_instruction": HOSTILE, "checkpoint": HOSTILE}
    records = [
        record(
            k,
            number,
            job_name=HOSTILE if number else "tame",
            success=k % 2 == 0,
            rewards={HOSTILE: 1.0 * k},
            variations={HOSTILE: HOSTILE if k % 3 else "tame", f"{HOSTILE}2": 1.0 * k},
            progress={HOSTILE: 0.1 * k},
            more={HOSTILE: HOSTILE},
            **facts,
        )
        for k in range(12)
        for number in range(2)
    ]
    page = build_report(written(tmp_path / "runs", records), tmp_path / "report", title=HOSTILE)
    with opened(chromium, page) as tab:
        assert tab.locator("h1").inner_text() == HOSTILE
        # Every column is shown, its filter opened, and rows are chosen by a click on what is hostile.
        tab.evaluate("window.episodeTable.columns().visible(true)")
        for button in tab.locator("#episodes thead .dtcc-button_dropdown").all()[:12]:
            button.click()
            tab.keyboard.press("Escape")
        tab.get_by_role("button", name="Columns").click()
        tab.keyboard.press("Escape")
        tab.locator("g.mark").first.click(force=True)
        tab.locator(".groups th[scope=row] a").last.click()
        assert HOSTILE in tab.locator("#filters").inner_text()
        assert HOSTILE in column(tab, "job")
        assert tab.evaluate("window.taken") is None
        assert tab.locator("img[src=x]").count() == 0


@pytest.mark.slow
def test_a_table_is_filtered_by_what_a_column_holds(page: Page) -> None:
    page.get_by_role("link", name=re.compile("failure")).click()
    assert set(column(page, "success")) == {"no"}
    page.locator("#filters button").click()
    page.get_by_placeholder("Search").fill("stairs")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="terrain").click()
    assert set(column(page, "terrain")) == {"stairs"}


@pytest.mark.slow
@pytest.mark.parametrize(("size", "look"), [((1366, 768), "light"), ((390, 844), "dark"), ((1920, 1080), "dark")])
def test_nothing_is_wider_than_the_screen(chromium: Browser, report: Path, size: tuple[int, int], look: str) -> None:
    with opened(chromium, report, size=size, color_scheme=look) as page:
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("document.documentElement.dataset.rvLook") == look
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"[0-9]+", ground)[:3])) > 384) == (look == "light")


@pytest.mark.slow
def test_paper_is_white_and_has_no_buttons(chromium: Browser, report: Path) -> None:
    with opened(chromium, report, color_scheme="dark") as page:
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not page.locator("#look").is_visible()


@pytest.mark.slow
def test_a_page_that_was_built_anew_says_so_where_it_is_served(chromium: Browser, tmp_path: Path) -> None:
    runs, out = written(tmp_path / "runs", evaluation(4)), tmp_path / "report"
    build_report(runs, out)
    with served(out, 0) as address, empty_tab(chromium) as page:
        page.goto(address)
        page.wait_for_selector("[data-ready]")
        assert not page.locator("#renewed").is_visible()
        written(runs / "more", [record(0)])
        build_report(runs, out)
        page.locator("#renewed button").click()
        page.wait_for_selector("[data-ready]")
        assert "of 25 episodes" in page.locator(".dt-info").inner_text()
