"""That the page works in a real browser: no errors, no network, and every control does its job."""

import re

import numpy as np
import pytest

from optframe import load_plugins
from optframe_reports.page.page import Page

CHART = "document.querySelectorAll('[data-chart]')[0]"
SHOWN = "[...document.querySelectorAll('#all-trials tbody tr')].filter(r => !r.hidden).length"


@pytest.fixture(scope="module")
def page(new_study, tmp_path_factory):
    """The page of 2 optimizers × 2 problems × 3 seeds, in a folder with blanks and umlauts."""
    random, study = np.random.default_rng(7), new_study()
    for problem in ("rosenbrock", "beale <b>"):
        for optimizer, rate in (("adam", 0.3), ("sgd:lr=0.1", 0.1)):
            for seed in range(3):
                lost = problem == "rosenbrock" and optimizer == "adam" and seed == 2
                study.add(
                    np.exp(-rate * np.arange(30.0)) + 0.01 * random.random(30),
                    optimizer=optimizer,
                    problem=problem,
                    status="diverged" if lost else "finished",
                    reason="at step 29" if lost else None,
                    test_loss=1 + np.exp(-rate * np.arange(30.0)),
                )
    folder = tmp_path_factory.mktemp("page")
    results = study.results(folder)
    return Page().write(results, folder / "Größe der Ergebnisse #1 (50 %)", load_plugins())


@pytest.fixture
def opened(chromium, page):
    chromium.emulate()
    chromium.scripts(True)
    chromium.open(page)
    return chromium


def choose(browser, label, value):
    """Set the control of the first chart with this label, as a reader does."""
    browser.run(f"""(() => {{
        const label = [...{CHART}.querySelectorAll('.controls label')]
            .find((one) => one.textContent.trim().startsWith({label!r}));
        const input = label.querySelector('select, input');
        if (input.type === 'checkbox') {{
            if (input.checked !== {str(value is True).lower()}) input.click();
            return;
        }}
        input.value = [...input.options].find((one) => one.textContent === {str(value)!r}).value;
        input.dispatchEvent(new Event('change', {{ bubbles: true }}));
    }})()""")


def values(browser):
    """What the first chart's legend says, by optimizer."""
    return browser.run(
        f"Object.fromEntries([...{CHART}.querySelectorAll('.legend li')]"
        ".filter(row => !row.hidden)"
        ".map(row => ['label', 'output'].map(part => row.querySelector(part).textContent)))"
    )


def ink(browser):
    """How much of the first chart is not blank."""
    return browser.run(f"""(() => {{
        const canvas = {CHART}.querySelector('canvas');
        if (!canvas) return 0;
        const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        let inked = 0;
        for (let i = 3; i < pixels.length; i += 4) inked += pixels[i] > 0;
        return inked;
    }})()""")


def test_it_opens_without_an_error_and_without_the_network(opened):
    assert opened.errors == []
    assert opened.run("document.querySelectorAll('[data-chart] canvas').length") == 2
    assert ink(opened) > 2000


def test_the_legend_tells_the_median_and_the_quartiles_at_the_end(opened):
    said = values(opened)
    assert list(said) == ["adam (1 of 3 diverged)", "sgd:lr=0.1"]
    median, low, high = map(float, re.findall(r"[\d.]+", said["sgd:lr=0.1"]))
    assert low <= median <= high
    assert median == pytest.approx(np.exp(-2.9) + 0.005, abs=0.006)


def test_the_mouse_and_the_arrow_keys_show_the_values_at_a_place(opened):
    at_end = values(opened)
    box = opened.run(
        f"(() => {{ const b = {CHART}.querySelector('.u-over').getBoundingClientRect();"
        "scrollTo(0, b.top + scrollY - 100);"
        f"const c = {CHART}.querySelector('.u-over').getBoundingClientRect();"
        "return [c.left, c.top, c.width, c.height]; })()"
    )
    opened.move(box[0] + box[2] / 3, box[1] + box[3] / 2)
    opened.move(box[0] + box[2] / 3 + 1, box[1] + box[3] / 2)
    there = values(opened)
    assert there != at_end
    assert opened.run(f"{CHART}.querySelector('[role=status]').textContent").startswith("At ")
    opened.run(f"{CHART}.querySelector('.canvas').focus()")
    opened.press("ArrowRight")
    assert values(opened) != there
    assert opened.errors == []


def test_the_choice_of_axis_and_metric_redraws(opened):
    label = f"{CHART}.querySelector('.canvas').getAttribute('aria-label')"
    assert opened.run(label).startswith("loss against work (full gradients)")
    choose(opened, "against", "gradient evaluations")
    assert opened.run(label).startswith("loss against gradient evaluations")
    choose(opened, "show", "test loss")
    assert opened.run(label).startswith("test loss against gradient evaluations")
    assert opened.errors == []


def test_logarithmic_axes_and_single_seeds_are_switched(opened):
    pictures = set()
    for label, value in (
        ("every seed", True),
        ("logarithmic upwards", False),
        ("logarithmic across", True),
    ):
        choose(opened, label, value)
        pictures.add(opened.run(f"{CHART}.querySelector('canvas').toDataURL()"))
    assert len(pictures) == 3
    assert opened.errors == []


def test_an_optimizer_is_switched_off_in_one_chart_and_on_the_whole_page(opened):
    first = f"{CHART}.querySelector('.legend input')"
    picture = f"{CHART}.querySelector('canvas').toDataURL()"
    before = opened.run(picture)
    opened.run(f"{first}.click()")
    assert values(opened)["adam (1 of 3 diverged)"] == ""
    assert opened.run(picture) != before
    opened.run("document.querySelector('#optimizers input[value=adam]').click()")
    assert list(values(opened)) == ["sgd:lr=0.1"]
    rows = "[...document.querySelectorAll('tr[data-optimizer=adam]')]"
    assert opened.run(f"{rows}.every(row => row.hidden)")
    opened.run("[...document.querySelectorAll('#optimizers button')][1].click()")
    assert ink(opened) == 0
    assert "No optimizer" in opened.run(f"{CHART}.querySelector('[role=status]').textContent")
    opened.run("[...document.querySelectorAll('#optimizers button')][0].click()")
    assert ink(opened) > 0
    assert opened.errors == []


def test_tables_are_sorted_by_numbers_and_by_words(opened):
    table = "document.querySelectorAll('table.sortable')[2]"
    names = f"[...{table}.tBodies[0].rows].map(row => row.dataset.optimizer)"
    column = (
        f"[...{table}.tHead.rows[0].cells].findIndex(cell => cell.innerText.startsWith('mean'))"
    )
    click = f"{table}.tHead.rows[0].cells[{column}].querySelector('button').click()"
    opened.run(click)
    assert opened.run(names) == ["sgd:lr=0.1", "adam"] or opened.run(names) == [
        "adam",
        "sgd:lr=0.1",
    ]
    up = opened.run(names)
    opened.run(click)
    assert opened.run(names) == up[::-1]
    assert (
        opened.run(f"{table}.tHead.rows[0].cells[{column}].getAttribute('aria-sort')")
        == "descending"
    )


def test_the_trials_are_filtered_by_words_and_by_status(opened):
    assert opened.run(SHOWN) == 12
    opened.run("""(() => {
        const input = document.querySelector('[data-filter] input');
        input.value = 'BEALE <b> sgd'; input.dispatchEvent(new Event('input'));
    })()""")
    assert opened.run(SHOWN) == 3
    opened.run("""(() => {
        const input = document.querySelector('[data-filter] input');
        input.value = ''; input.dispatchEvent(new Event('input'));
        const select = document.querySelector('[data-filter] select');
        select.value = 'diverged'; select.dispatchEvent(new Event('change'));
    })()""")
    assert opened.run(SHOWN) == 1
    assert (
        opened.run("document.querySelector('[data-filter] output').textContent") == "1 of 12 shown"
    )


def chart_of(chromium, new_study, folder, runs):
    """Open a page of one problem with these curves, and return its chart's range and marks."""
    study = new_study()
    for number, (curve, status) in enumerate(runs):
        study.add(curve, optimizer=f"sgd:lr={number}", status=status, minimum=0.0)
    chromium.emulate()
    chromium.scripts(True)
    chromium.open(Page().write(study.results(folder), folder / "page", load_plugins()))
    return chromium.run(f"""(() => {{
        const {{ scales, axes }} = {CHART}.chart.plot;
        return {{
            low: scales.y.min, high: scales.y.max, marks: axes[1]._splits, across: axes[0]._splits,
        }};
    }})()""")


@pytest.mark.parametrize("lowest", [1e-35, 1.1e-3, 1.19e-5, 0.4, 0.97])
def test_any_range_has_marks_that_a_person_would_choose(chromium, new_study, tmp_path, lowest):
    """Below 1e-16, and where an axis begins just below a power of ten, uPlot's own do not end."""
    curve = np.geomspace(1.0, lowest, 30)
    chart = chart_of(chromium, new_study, tmp_path, [(curve, "finished")])
    assert chromium.errors == []
    assert ink(chromium) > 1000
    assert chart["low"] <= chart["marks"][0] < chart["marks"][-1] <= chart["high"]
    assert 3 <= len(chart["marks"]) <= 8
    assert all(
        len(f"{mark:.3g}".split("e")[0].strip("0.").replace(".", "")) <= 2
        for mark in chart["marks"]
    )


def test_what_explodes_leaves_the_chart_and_flattens_nothing(chromium, new_study, tmp_path):
    falling, exploding = np.geomspace(20.0, 0.1, 30), np.geomspace(20.0, 1e40, 5)
    chart = chart_of(
        chromium, new_study, tmp_path, [(falling, "finished"), (exploding, "diverged")]
    )
    assert chart["high"] == pytest.approx(200)
    assert chart["marks"] == [0.1, 1, 10, 100]
    at = chromium.run(f"(() => {{ const c = {CHART}.chart; return c.end(c.plot, c.drawn[1]); }})()")
    box = chromium.run(
        f"(() => {{ const b = {CHART}.chart.plot.bbox; return [b.left, b.top]; }})()"
    )
    assert at[1] == box[1]
    assert at[0] > box[0]
    assert chromium.errors == []


def test_every_control_has_a_name_and_can_be_reached_by_the_keyboard(opened):
    nameless = opened.run("""[...document.querySelectorAll('input, select, button')]
        .filter(one => !(one.labels?.length || one.textContent.trim())).length""")
    assert nameless == 0
    assert opened.run("[...document.querySelectorAll('.canvas')].every(one => one.tabIndex === 0)")
    assert opened.run("[...document.querySelectorAll('figure')].every(one => one.ariaLabel)")


def test_on_paper_figures_stand_in_for_charts(opened):
    display = "getComputedStyle(document.querySelector('{}')).display"
    assert opened.run(display.format("figure.replaced")) == "none"
    opened.emulate("print")
    assert opened.run(display.format("figure.replaced")) == "block"
    assert opened.run(display.format("[data-chart]")) == "none"


def test_in_the_dark_the_page_is_dark(opened):
    light = opened.run("getComputedStyle(document.body).backgroundColor")
    opened.emulate(scheme="dark")
    dark = opened.run("getComputedStyle(document.body).backgroundColor")
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(21, 24, 28)")
    assert opened.errors == []


def test_without_scripts_all_is_there_but_the_charts(chromium, page):
    chromium.scripts(False)
    chromium.open(page)
    chromium.scripts(True)  # or nothing could be asked; those of the page have not run
    assert chromium.errors == []
    assert chromium.run("[...document.querySelectorAll('[data-chart]')].every(one => one.hidden)")
    shown = "getComputedStyle(document.querySelector('figure.replaced')).display"
    assert chromium.run(shown) == "block"
    assert chromium.run(SHOWN) == 12


def test_a_contender_without_a_checkpoint_does_not_blank_the_chart(chromium, new_study, tmp_path):
    """Its line has no point; the axes still end where those of the others do."""
    study = new_study()
    for optimizer in ("adam", "sgd"):
        for _ in range(3):
            crashed = optimizer == "adam"
            losses = [] if crashed else np.exp(-0.1 * np.arange(30.0))
            study.add(losses, optimizer=optimizer, status="crashed" if crashed else "finished")
    chromium.emulate()
    chromium.scripts(True)
    chromium.open(Page().write(study.results(tmp_path), tmp_path, load_plugins()))
    assert chromium.errors == []
    assert list(values(chromium)) == ["adam (3 of 3 crashed)", "sgd"]
    shown = f"(s => [s.min, s.max])({CHART}.chart.plot.scales.y)"
    low, high = chromium.run(shown)
    assert low < np.exp(-2.9) < 1 <= high


def test_notes_of_wide_tables_are_as_wide_as_the_window_and_names_stay_whole(opened):
    box = ".getBoundingClientRect()"
    for part, width in (("table", 3000), (".legend", 300)):
        every = f"document.querySelectorAll('{part}')"
        opened.run(f"{every}.forEach(one => one.style.width = '{width}px')")
    rights = opened.run(f"[...document.querySelectorAll('caption')].map(one => one{box}.right)")
    assert rights
    assert max(rights) <= opened.run("innerWidth")
    labels = f"[...{CHART}.querySelectorAll('.legend label')]"
    heights = opened.run(f"{labels}.map(one => one{box}.height)")
    assert max(heights) < 40  # beside its numbers, a name would need a line for a few letters each
