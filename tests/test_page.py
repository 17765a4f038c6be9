"""The page that a report is: complete in one file, and used as a reader uses it, in a browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
import pandas as pd
import pytest
from in_process import measured_here
from PIL import Image

import benchmark
from benchmark.reporting.document import Code, Heading, Items, Live, Paragraph, Picture, Span, Strong, Table
from benchmark.reporting.page import render_page
from benchmark.reporting.page.board import board_widget
from benchmark.reporting.page.explorer import explorer_widget
from benchmark.reporting.page.shown_samples import Samples
from benchmark.reporting.views import View
from benchmark.results import Record
from benchmark.scoring.row_statistics import row_slots

HOSTILE = "<script>alert('x')</script>&amp;{{ 7 * 7 }}"


def test_whatever_comes_from_data_stays_text(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4), "red").save(tmp_path / "a.png")
    blocks = [
        Heading(HOSTILE, level=1),
        Heading(["Part ", Code(HOSTILE)]),
        Paragraph([HOSTILE, Strong(HOSTILE)]),
        Items([HOSTILE]),
        Picture("a.png", HOSTILE),
        Live("board", [Table([HOSTILE], [[HOSTILE]], about=[HOSTILE + '"'])]),
    ]
    page = render_page(blocks, tmp_path, {"board": board_widget(blocks[-1].instead[0])})  # type: ignore[attr-defined, arg-type]
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(" in page
    assert "49" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_anchors_are_no_two_alike_and_lead_to_their_headings(tmp_path: Path) -> None:
    page = render_page([Heading("One"), Heading("One"), Heading("!?"), Heading("!?")], tmp_path, {})
    ids = re.findall(r'<h2 id="([^"]+)"', page)
    assert len(set(ids)) == 4
    assert re.findall(r'href="#([^"]+)"', page) == ids


def test_a_page_without_anything_that_moves_has_no_script(tmp_path: Path) -> None:
    page = render_page([Heading("A", level=1), Live("board", [Paragraph("still")])], tmp_path, {})
    assert "<script" not in page
    assert "<p>still</p>" in page


def test_a_board_sorts_by_the_numbers_behind_its_cells() -> None:
    made = board_widget(
        Table(["reducer", "k-NN"], [["a", [Strong("0.90"), " (0.8 to 1.0)"]], ["b", ["–", ""]]],
              frozenset({1}), [[None, Span(0.9, 0.8, 1.0)], [None, None]])
    )  # fmt: skip
    data = made.panels[0].source.data
    assert data["value1"] == [0.9, -np.inf]
    assert data["value0"] == ["a", "b"]
    assert "<b>0.90</b>" in data["cell1"][0]
    assert "<svg" in data["cell1"][0]
    assert "<svg" not in data["cell1"][1]


def test_images_lie_in_one_picture_where_the_pointer_finds_them() -> None:
    images = np.arange(60 * 4 * 6, dtype=np.float32).reshape(60, 24)
    samples = Samples(
        {"samples": images, "map": np.array([0.0, images.max()]), "image_shape": np.array([4, 6])}
    )
    columns, picture = samples.columns(60), np.asarray(samples._picture())
    assert picture.shape == (2 * 4, 50 * 6)
    zoom, last = samples._zoom, 59
    left, top = columns["u"][last] // zoom, columns["v"][last] // zoom
    expected = (255 * (1 - images[last].reshape(4, 6) / images.max())).astype(np.uint8)
    assert np.array_equal(picture[top : top + 4, left : left + 6], expected)


def test_a_picture_is_shown_of_the_samples_that_were_scored_alone() -> None:
    images = np.random.default_rng(0).integers(0, 255, (30, 16), dtype=np.uint8)
    samples = Samples({"samples": images, "map": np.array([0.0, 255.0]), "image_shape": np.array([4, 4])})
    slots = row_slots(images)
    assert samples.are(slots)
    assert not samples.are(slots[::-1])  # of all rows, or of another seed
    assert not samples.are(None)
    record = Record("r", "mnist", "pca", "cpu", "fp32", 1, 0, "ok", "k", n_components=2)
    codes, labels = np.zeros((30, 2)), np.arange(30) % 2
    for kept, shown in ((slots, True), (slots[::-1], False)):
        widget = explorer_widget([View(record, codes, labels, rows={"slots": kept})], samples)
        assert widget is not None
        assert ("samples" in widget.variables) == shown


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("page")
    with measured_here():
        result = benchmark.run(
            ["pca", "random-projection", "raw"], dataset="digits", seeds=2, results_dir=place / "results",
            reports_dir=place / "reports",
        )  # fmt: skip
    assert result.report is not None
    return result.report.parent / "report.html"


@pytest.mark.slow
def test_a_report_asks_nothing_of_the_network_and_is_not_large(report: Path) -> None:
    text = report.read_text()
    outside = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert re.findall(r'(?:src|href)="(?!data:|#)([^"]*)"', outside) == []
    assert not re.findall(r"<script[^>]+src=", text)
    assert len(text) < 4e6


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    if not CHROMIUM or not DRIVER:
        pytest.skip("Chromium and its driver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1440,1000"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: Any, report: Path) -> Any:
    from selenium.webdriver.support.ui import WebDriverWait

    browser.set_window_size(1440, 1000)
    browser.get_log("browser")
    browser.get(report.as_uri())
    ready = "return window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].is_idle"
    WebDriverWait(browser, 60).until(lambda driver: driver.execute_script(ready))
    return browser


SOURCE = """
const models = [...Bokeh.documents[0]._all_models.values()]
const source = models.find(model => model.data && model.data.x0)
"""


@pytest.mark.slow
def test_a_page_opens_without_errors_and_without_requests(page: Any, report: Path) -> None:
    errors = [entry["message"] for entry in page.get_log("browser") if entry["level"] == "SEVERE"]
    assert errors == []
    loaded = page.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [name for name in loaded if not name.startswith(("data:", "blob:"))] == []


@pytest.mark.slow
def test_a_lasso_in_one_panel_chooses_in_all(page: Any) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By

    panels = page.find_elements(By.CSS_SELECTOR, ".bk-Figure")
    target = panels[1]
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", target)
    width, height = target.size["width"], target.size["height"]
    corners = [(-0.4, -0.3), (0.4, -0.3), (0.4, 0.3), (-0.4, 0.3), (-0.4, -0.3)]
    moves = ActionChains(page, duration=50)
    start, *rest = [(int(x * width), int(y * height)) for x, y in corners]
    moves.move_to_element_with_offset(target, *start).click_and_hold()
    for x, y in rest:
        moves.move_to_element_with_offset(target, x, y)
    moves.release().perform()
    chosen = page.execute_script(SOURCE + "return source.selected.indices.length")
    total = page.execute_script(SOURCE + "return source.data.x0.length")
    assert 0 < chosen <= total
    shown = page.execute_script(
        SOURCE + "return models.filter(m => m.type == 'GlyphRenderer' && m.data_source === source).length"
    )
    assert shown == 3
    assert f"{chosen} chosen" in page.execute_script(
        SOURCE + "return models.filter(m => m.type == 'Div').map(m => m.text).join(' ')"
    )


def settled(page: Any, script: str, expected: object) -> object:
    """Return a script's answer, waiting for `expected`: callbacks are run behind what calls them."""
    until = monotonic() + 20
    while (found := page.execute_script(SOURCE + script)) != expected and monotonic() < until:
        sleep(0.1)
    return found


@pytest.fixture
def hostile_page(browser: Any, tmp_path: Path) -> Any:
    """A report of data whose classes are markup, formulas and places of a template."""
    from selenium.webdriver.support.ui import WebDriverWait

    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["a<b>", "@x0", "$$c$$"])
    frame["label"] = np.array(["<img src=x onerror='window.broken=1'>", "$$x^2$$"])[np.arange(60) % 2]
    result = benchmark.run(
        ["pca", "raw"], dataset=frame, components=[2], results_dir=tmp_path / "results",
        reports_dir=tmp_path / "reports",
    )  # fmt: skip
    browser.get((result.report.parent / "report.html").as_uri())  # type: ignore[union-attr]
    ready = "return window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].is_idle"
    WebDriverWait(browser, 60).until(lambda driver: driver.execute_script(ready))
    return browser


@pytest.mark.slow
def test_names_of_classes_stay_text_wherever_they_are_shown(hostile_page: Any) -> None:
    hostile_page.execute_script(SOURCE + "source.selected.indices = [0, 1, 2]")
    said = "return models.filter(m => m.type == 'Div').map(m => m.text).find(text => text.includes('chosen'))"
    expected = "3 chosen. "
    until = monotonic() + 20
    while not (text := hostile_page.execute_script(SOURCE + said)) and monotonic() < until:
        sleep(0.1)
    assert expected in text
    assert "<img" in text
    sleep(0.5)
    assert hostile_page.execute_script("return window.broken ?? 0") == 0
    loaded = hostile_page.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
    )
    assert [name for name in loaded if not name.startswith(("data:", "blob:"))] == []


@pytest.mark.slow
def test_a_colour_is_chosen_for_all_panels(page: Any) -> None:
    page.execute_script(
        SOURCE + """
        const kind = models.find(m => m.type == 'Select' && m.title == 'Colour by')
        kind.value = kind.options[1]
        """
    )  # fmt: skip
    fields = """
        return models.filter(m => m.type == 'GlyphRenderer' && m.data_source === source)
          .map(m => m.glyph.fill_color.field)
    """
    expected = ["cluster0", "cluster1", "cluster2"]
    assert settled(page, fields, expected) == expected


@pytest.mark.slow
def test_the_pointer_finds_the_image_of_a_point(page: Any) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By

    panel = page.find_elements(By.CSS_SELECTOR, ".bk-Figure")[1]
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", panel)
    tooltip = """
        const seen = []
        const walk = node => {
          for (const child of node.querySelectorAll('*')) {
            const style = child.style
            if (style && style.backgroundImage.includes('--samples')) seen.push(style.backgroundPosition)
            if (child.shadowRoot) walk(child.shadowRoot)
          }
        }
        walk(document)
        return seen
    """
    found: list[str] = []
    for step in range(-60, 60, 3):
        ActionChains(page, duration=10).move_to_element_with_offset(panel, step, step // 2).perform()
        found = page.execute_script(tooltip)
        if found:
            break
    places = page.execute_script(SOURCE + "return [...source.data.u].map((u, k) => [u, source.data.v[k]])")
    assert len(found) == 1
    assert [float(number) for number in re.findall(r"[\d.]+", found[0])] in places


@pytest.mark.slow
def test_the_board_filters_by_what_its_rows_say(page: Any) -> None:
    page.execute_script(SOURCE + "models.find(m => m.type == 'TextInput').value_input = 'pca'")
    assert settled(page, "return models.find(m => m.type == 'DataTable').view.indices.count", 1) == 1


@pytest.mark.slow
def test_the_trade_off_changes_its_axes(page: Any) -> None:
    page.execute_script(
        SOURCE + """
        const cost = models.find(m => m.type == 'Select' && m.title == 'Cost')
        cost.value = cost.options[1][0]
        """
    )  # fmt: skip
    drawn = """
        const cost = models.find(m => m.type == 'Select' && m.title == 'Cost').value
        const points = models.find(m => m.data && m.data.fit_seconds).data
        const axis = models.find(m => m.type == 'LogAxis').axis_label
        return [cost, [...points.x].join() == [...points[cost]].join(), axis]
    """
    expected = ["transform_seconds", True, "seconds to transform the test set, log scale"]
    assert settled(page, drawn, expected) == expected


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wider_than_the_window(page: Any, width: int) -> None:
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 800},
    )
    try:
        assert page.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_that_keeps_anybody_out(page: Any, scheme: str) -> None:
    axe = pytest.importorskip("axe_core_python.selenium", reason="axe-core is not installed")
    look = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", look)
    try:
        found = axe.Axe().run(page)
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert {"color-contrast", "label", "select-name"} <= {rule["id"] for rule in found["passes"]}
    assert not [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]]


@pytest.mark.slow
def test_text_is_told_from_its_ground_in_light_and_in_dark(page: Any) -> None:
    def contrast() -> float:
        colors = page.execute_script(
            "const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]"
        )
        light = []
        for color in colors:
            channels = np.array(re.findall(r"[\d.]+", color)[:3], dtype=float) / 255
            linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
            light.append(float(linear @ [0.2126, 0.7152, 0.0722]))
        return (max(light) + 0.05) / (min(light) + 0.05)

    found = []
    for scheme in ("light", "dark"):
        page.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        found.append(contrast())
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    # WCAG 2.1 asks for 4.5.
    assert min(found) > 7
