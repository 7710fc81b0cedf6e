"""The page of the beta slider, in a browser, says what the library says."""

import json
from pathlib import Path

import numpy as np
import pytest

from skcb import beta_grid, class_weight, effective_number

DOCS = Path(__file__).parents[2] / "docs"

COUNTS = [
    [1],
    [7, 7, 7],
    [5000, 500, 50, 5],
    [0, 3, 1_000_000_000],
    [1e9, 1],
    [0.25, 0.5, 12.75],
    [1e-3, 1e15],
    [10**k for k in range(10)],
    *([float(n) for n in np.random.default_rng(seed).lognormal(5, 3, 12)] for seed in range(8)),
    *([int(n) for n in np.random.default_rng(seed).geometric(0.001, 30)] for seed in range(8)),
]
BETAS = [0.0, 1e-300, 1e-9, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1 - 1e-9, 1 - 1e-12, 1 - 2**-53, 1.0]


@pytest.fixture(scope="module")
def page(chromium):
    from playwright.sync_api import sync_playwright

    body = (DOCS / "guide" / "beta_slider.md").read_text().split("```{raw} html\n")[1].split("```")[0]
    script = (DOCS / "_static" / "beta_slider.js").read_text()
    html = body.split("<script")[0] + f"<script>{script}</script>"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = browser.new_page()
        opened.on("pageerror", lambda error: pytest.fail(str(error)))
        opened.set_content(f"<!DOCTYPE html><html><body>{html}</body></html>")
        yield opened
        browser.close()


@pytest.fixture
def slider(page):
    page.fill("[data-part=counts]", "5000, 500, 50, 5")
    page.fill("[data-part=beta]", "0.999")
    page.check("input[value=classes]")
    return page


def column(page, number):
    return page.locator(f"[data-part=rows] tr > :nth-child({number})").all_inner_texts()


@pytest.mark.filterwarnings("ignore::skcb.InertBetaWarning")
@pytest.mark.parametrize("counts", COUNTS, ids=lambda counts: f"{len(counts)} classes from {min(counts):.3g}")
def test_the_arithmetic_is_the_librarys(counts, page):
    got = page.evaluate(
        """([counts, betas]) => betas.map((beta) => ({
            number: counts.map((count) => skcbBetaSlider.effectiveNumber(count, beta)),
            weights: ["classes", "samples", null].map((to) => skcbBetaSlider.classWeight(counts, beta, to)),
        }))""",
        [counts, BETAS],
    )
    for beta, one in zip(BETAS, got, strict=True):
        np.testing.assert_allclose(one["number"], effective_number(counts, beta), rtol=1e-12)
        for normalize, weights in zip(["classes", "samples", None], one["weights"], strict=True):
            np.testing.assert_allclose(weights, class_weight(counts, beta, normalize=normalize), rtol=1e-12)
    grid = page.evaluate("(counts) => skcbBetaSlider.betaGrid(counts)", counts)
    np.testing.assert_allclose(grid, beta_grid(counts), rtol=1e-14)


@pytest.mark.parametrize(
    ("text", "labels", "counts"),
    [
        ("5000, 500 50;5", ["0", "1", "2", "3"], [5000, 500, 50, 5]),
        ("[5_000, 5e2, .5]", ["0", "1", "2"], [5000, 500, 0.5]),
        ("{'cat': 10, 'big dog': 3}", ["cat", "big dog"], [10, 3]),
        ("0: 10\n1: 3", ["0", "1"], [10, 3]),
        ("cat 10\nbig dog 3", ["cat", "big dog"], [10, 3]),
        ("cat,10\ndog,3\n", ["cat", "dog"], [10, 3]),
        ("0    10\n1     3", ["0", "1"], [10, 3]),
        ("10\n3\n0", ["0", "1", "2"], [10, 3, 0]),
    ],
)
def test_what_can_be_pasted(text, labels, counts, slider):
    slider.fill("[data-part=counts]", text)
    assert (column(slider, 1), [float(c) for c in column(slider, 2)]) == (labels, counts)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Type the counts"),
        ("5, -3", "-3: a class cannot have fewer than 0 samples"),
        ("5, nan", "nan is no count"),
        ("5, Infinity", "Infinity is no count"),
        ("5, 1e999", "too large"),
        ("5, cat", "“cat” has no count after it"),
        ("cat: many", "“many” is no number"),
        ("cat: 5: 3", "is not “label: count”"),
        ("0, 0", "All counts are 0"),
        ("1 " * 501, "501 classes are too many"),
    ],
)
def test_bad_counts_are_told(text, said, slider):
    slider.fill("[data-part=counts]", text)
    assert said in slider.inner_text("[data-part=counts-error]")
    assert slider.get_attribute("[data-part=counts]", "aria-invalid") == "true"
    assert not slider.is_visible("[data-part=results]")
    slider.fill("[data-part=counts]", "5, 3")
    assert slider.is_visible("[data-part=results]")
    assert not slider.is_visible("[data-part=counts-error]")


@pytest.mark.parametrize(
    ("text", "said"), [("", "Type a beta"), ("x", "no number"), ("1.5", "outside"), ("-0.1", "outside")]
)
def test_a_bad_beta_is_told(text, said, slider):
    slider.fill("[data-part=beta]", text)
    assert said in slider.inner_text("[data-part=beta-error]")
    assert not slider.is_visible("[data-part=results]")


def test_the_table_shows_numbers_and_weights(slider):
    np.testing.assert_allclose(
        np.array(column(slider, 3), float), effective_number([5000, 500, 50, 5], 0.999), rtol=1e-3
    )
    for choice, normalize in [("classes", "classes"), ("samples", "samples"), ("none", None)]:
        slider.check(f"input[value={choice}]")
        shown = np.array(column(slider, 4), float)
        np.testing.assert_allclose(shown, class_weight([5000, 500, 50, 5], 0.999, normalize=normalize), rtol=1e-3)
    assert "199.1 times" in slider.inner_text("[data-part=summary]")


def test_the_slider_goes_to_both_ends_by_the_keyboard(slider):
    slider.focus("[data-part=slider]")
    slider.keyboard.press("Home")
    assert slider.input_value("[data-part=beta]") == "0"
    assert len(set(column(slider, 4))) == 1
    slider.keyboard.press("End")
    assert slider.input_value("[data-part=beta]") == "1"
    assert column(slider, 3) == ["5000", "500", "50", "5"]
    assert "NaN" not in slider.inner_text("body")
    slider.keyboard.press("ArrowLeft")
    beta = float(slider.input_value("[data-part=beta]"))
    assert 0.9999 < beta < 1


def test_betas_along_the_slider_go_up_and_are_short(slider):
    seen = slider.evaluate(
        """() => {
            const range = document.querySelector("[data-part=slider]");
            const field = document.querySelector("[data-part=beta]");
            return Array.from({ length: 1001 }, (_, step) => {
                range.value = step;
                range.dispatchEvent(new Event("input"));
                return field.value;
            });
        }"""
    )
    betas = np.array(seen, float)
    assert (np.diff(betas) >= 0).all()
    assert (betas[0], betas[-1]) == (0, 1)
    assert max(map(len, seen)) <= 12


def test_the_buttons_are_the_grid_and_the_line_runs(slider):
    betas = [0.0, 0.9616, 0.99359, 0.99888, 1.0]
    buttons = slider.locator("[data-part=grid] button")
    assert [float(text) for text in buttons.all_inner_texts()] == betas
    np.testing.assert_allclose(1 - np.array(betas), 1 - beta_grid([5000, 500, 50, 5]), rtol=5e-3)
    buttons.nth(2).click()
    assert buttons.nth(2).get_attribute("aria-pressed") == "true"
    line = slider.inner_text("[data-part=code]")
    result = eval(line, {"class_weight": class_weight})  # noqa: S307 - of our own page
    np.testing.assert_allclose(result, np.array(column(slider, 4), float), rtol=1e-3)
    assert json.loads(line[line.index("[") : line.index("]") + 1]) == [5000, 500, 50, 5]
