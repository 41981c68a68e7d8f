"""The page in a real browser, without a window: Debian's chromium with its driver."""

import shutil
import time

import pytest

from jijbench.benchmark import load_benchmark
from jijbench.report import build
from jijbench.tables.results import load_results, official_folder

J, C = "jij-bi2te3/jij/random-orbit", "deltav-elemental/dv/unseen-host"
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--window-size=1280,1000",
)  # fmt: skip
pytestmark = pytest.mark.skipif(
    not (shutil.which("chromium") and shutil.which("chromedriver")),
    reason="needs chromium and chromedriver (Debian: apt-get install chromium chromium-driver)",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    benchmark = load_benchmark("full")
    cells = [
        *benchmark.cells((J,), ("soap-pair", "low-rank", "zero", "coulomb")),
        *benchmark.cells((C,), ("plain-gp", "zero", "gap")),
    ]
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(build(load_results(benchmark, official_folder(), cells)), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def shown(browser, address):
    browser.get(address)
    wait(browser, "return document.querySelectorAll('#parity .js-plotly-plot').length === 2")
    return browser


def wait(browser, script, seconds=20.0):
    end = time.monotonic() + seconds
    while not browser.execute_script(script):
        assert time.monotonic() < end, f"not true within {seconds:g} s: {script}"
        time.sleep(0.05)


def choose(browser, control, value):
    from selenium.webdriver.support.ui import Select

    Select(browser.find_element("id", control)).select_by_value(value)


def first_column(browser, section, k=1):
    return browser.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((cell) => cell.textContent)",
        f"#{section} tbody td:nth-child({k + 1})",
    )


def test_no_error_in_the_console_and_nothing_from_the_net(shown):
    assert [line for line in shown.get_log("browser") if line["level"] == "SEVERE"] == []
    loaded = shown.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert [name for name in loaded if name.startswith("http")] == []


def test_a_click_sorts_another_sorts_back_and_empty_cells_stay_last(shown):
    button = next(b for b in shown.find_elements("css selector", "#leaderboard th button") if b.text == "Spearman")
    before = first_column(shown, "leaderboard")
    assert before[0] == "soap-pair"
    button.click()
    up = first_column(shown, "leaderboard")
    assert up[0] != "soap-pair"
    assert up[-1] == "zero"  # its rank correlation is undefined
    assert shown.execute_script("return arguments[0].parentElement.getAttribute('aria-sort')", button) == "ascending"
    button.click()
    down = first_column(shown, "leaderboard")
    assert down == [*reversed(up[:-1]), "zero"]


def test_another_task_brings_another_table_and_the_filter_leaves_models(shown):
    choose(shown, "task", C)
    assert first_column(shown, "leaderboard")[0] == "plain-gp"
    assert "a host never seen" in shown.find_element("id", "question").text
    choose(shown, "kind", "model")
    assert "zero" not in first_column(shown, "leaderboard")
    assert "refused" in shown.find_element("id", "missing").text


def test_parity_has_a_point_for_each_pair_and_says_what_it_is(shown):
    points, hover = shown.execute_script(
        "const trace = document.querySelector('#parity .js-plotly-plot').data[1];return [trace.x.length, trace.text[0]]"
    )
    assert points == 1046
    for words in ("shell", "in training", "reference", "soap-pair", "low-rank", "zero"):
        assert words in hover


def test_the_theme_turns_dark_and_the_figures_with_it(shown):
    def look():
        return shown.execute_script(
            "return [getComputedStyle(document.body).backgroundColor,"
            " document.querySelector('.js-plotly-plot').layout.paper_bgcolor]"
        )

    before = look()
    shown.find_element("id", "theme").click()
    after = look()
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_a_phone_shows_it_without_scrolling_sideways(shown):
    metrics = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    shown.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        shown.refresh()
        wait(shown, "return document.querySelectorAll('#parity .js-plotly-plot').length === 2")
        width, window = shown.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
        assert width <= window == 390
    finally:
        shown.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
