"""The report in a real browser: what stands on its first screen, and that everybody can read it.

With `TUTORIAL_PICTURE=1` the test of the first screen also writes README's picture, `tutorial/report.png`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from fixtures.forked_commands import forked
from fixtures.guide import read_guide
from fixtures.processes import LocalSandbox
from fixtures.report.html import html
from fixtures.result import Result

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PICTURE = ROOT / "tutorial" / "report.png"
SCREEN = {"width": 1280, "height": 800}
OF_COLOURS = ["color-contrast", "link-in-text-block"]  # of the rules that axe-core holds a page to unless asked
HOSTILE = "</pre></title><script>window.obeyed = 1</script><img src=x onerror='window.obeyed = 1'>"


def wrong_line(text):
    """The guide with one wrong line, and its number: the log names the wrong variable as the user."""
    lines = text.split("\n")
    at = lines.index('```json title="log-format"') + 1
    right, wrong = '"user": "$context.identity.apiKeyId"', '"user": "$context.identity.user"'
    assert 1 == lines[at].count(right)
    lines[at] = lines[at].replace(right, wrong)
    return "\n".join(lines), at + 1


@pytest.fixture(scope="session")
def run_guide(tmp_path_factory):
    """Runs a guide on a sandbox of its own, as a user does, and returns the report's folder."""
    sandbox = LocalSandbox()

    def run(text):
        folder = tmp_path_factory.mktemp("run")
        (folder / "guide.md").write_text(text, encoding="utf-8")
        sandbox.reset()
        # The folder is the working directory, so that the report names no path of this machine.
        words = ["pytest", "-c", ROOT / "pytest.ini", "--rootdir", ROOT, "-q", "-p", "no:xdist",
                 ROOT / "tests" / "tutorial", "--guide", "guide.md", "--report", "report"]  # fmt: skip
        environment = {**os.environ, "TUTORIAL_SANDBOX_URL": sandbox.url, "PYTHONPATH": str(ROOT)}
        environment.pop("GITHUB_ACTIONS", None)
        done = forked(*words, cwd=folder, env=environment)
        assert (folder / "report" / "index.html").is_file(), done.stdout + done.stderr
        return folder / "report"

    yield run
    sandbox.stop()


@pytest.fixture(scope="session")
def refuted(run_guide):
    """The report of the guide with one wrong line, and the line's number."""
    text, line = wrong_line(read_guide(ROOT / "tutorial" / "guide.md").text)
    return run_guide(text), line


@pytest.fixture(scope="module")
def tabs(browser):
    """The tab of a context with the options named, made once: a new one is most of what opening a report costs."""
    contexts = {}

    def tab(**options):
        key = tuple(options.items())
        if key not in contexts:
            contexts[key] = browser.new_context(**options)
            contexts[key].new_page()
        return contexts[key].pages[0]

    yield tab
    for context in contexts.values():
        context.close()


@pytest.fixture
def page(tabs, request):
    """A page of the given options (indirect), on which no other test's settings are left."""
    made = tabs(**getattr(request, "param", {}))
    made.set_viewport_size(SCREEN)
    made.emulate_media(media="screen", color_scheme="light")
    yield made
    made.goto("about:blank")


def on_first_screen(page, text):
    """Whether `text` is seen without scrolling."""
    box = page.get_by_text(text).first.bounding_box()
    return box is not None and 0 <= box["y"] and box["y"] + box["height"] <= SCREEN["height"]


def test_first_screen_says_line_reason_and_mend(refuted, page):
    """Who opens the report of a guide with one wrong line sees the line, the reason and the mend."""
    folder, line = refuted
    page.goto((folder / "index.html").as_uri())
    blame = json.loads((folder / "result.json").read_text(encoding="utf-8"))["blame"]
    assert (line, "wrong-value") == (blame["line"], blame["kind"])
    assert f"Refuted: line {line} of guide.md is wrong" == page.locator("h1").inner_text()
    shown = [
        f"guide.md:{line}",
        '"user": "$context.identity.user"',
        "$context.identity.apiKeyId",
        "wrong-value: ",
        f"Correct line {line}, in step log-format, and run again.",
    ]
    assert [] == [text for text in shown if not on_first_screen(page, text)]
    if os.environ.get("TUTORIAL_PICTURE") == "1":
        page.screenshot(path=PICTURE)


def test_link_leads_to_the_line_in_the_guide(refuted, page):
    """From the blame a click leads to the guide's line, marked where it stands."""
    folder, line = refuted
    page.goto((folder / "index.html").as_uri())
    page.get_by_role("link", name=f"guide.md:{line}").click()
    wrong = page.locator(".guide .wrong").first
    assert (True, True) == (wrong.is_visible(), '"user": "$context.identity.user"' in wrong.inner_text())
    box = wrong.bounding_box()
    assert 0 <= box["y"] <= SCREEN["height"]


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_everything_is_read_without_javascript(refuted, page):
    """Without JavaScript, evidence folds open, and each claim of the result is there."""
    folder, _ = refuted
    page.goto((folder / "index.html").as_uri())
    claims = [c["id"] for s in json.loads((folder / "result.json").read_text())["steps"] for c in s["claims"]]
    assert [] == [claim for claim in claims if page.locator(f'[id="claim-{claim}"]').count() != 1]
    evidence = page.locator("#claim-get-line-matches-request")
    evidence.locator("summary").first.click()
    assert evidence.get_by_text("API Gateway's ID of the request: the answer's x-amzn-RequestId.").is_visible()


@pytest.mark.parametrize(
    "page", [{"bypass_csp": True}], indirect=True
)  # axe-core is JavaScript, which the page forbids
def test_axe_finds_nothing_serious(refuted, page):
    """axe-core has no serious or critical finding, in light, and of colours in dark, with all evidence open."""
    if not AXE.is_file():
        pytest.fail("axe-core is not installed: run `make setup`", pytrace=False)
    page.goto((refuted[0] / "index.html").as_uri())
    page.add_script_tag(path=AXE)
    page.evaluate("document.querySelectorAll('details').forEach(item => item.open = true)")
    # What passes need not be found in the page; and what is not about colours is the same in the dark.
    for scheme, only, passing in (("light", {}, 15), ("dark", {"runOnly": OF_COLOURS}, 0)):
        page.emulate_media(color_scheme=scheme)
        result = page.evaluate("options => axe.run(options)", {"resultTypes": ["violations"], **only})
        serious = [v for v in result["violations"] if v["impact"] in ("serious", "critical")]
        assert [] == [f"{scheme}: {v['id']}: {v['nodes'][0]['html']}" for v in serious]
        assert passing < len(result["passes"])


@pytest.mark.parametrize("page", [{"bypass_csp": True}], indirect=True)
def test_hostile_content_is_not_run(refuted, page, tmp_path):
    """Even without the page's policy, script in a guide, a user agent or a message does nothing and fetches nothing."""
    data = json.loads((refuted[0] / "result.json").read_text(encoding="utf-8"))
    hostile = json.loads(json.dumps(data), object_hook=lambda d: {k: _hostile(k, v) for k, v in d.items()})
    path = tmp_path / "index.html"
    path.write_text(html(Result.from_json(hostile)), encoding="utf-8")
    fetched = []

    def note(request):
        fetched.append(request.url)

    page.on("request", note)
    page.goto(path.as_uri())
    page.remove_listener("request", note)
    assert ([path.as_uri()], None) == (fetched, page.evaluate("window.obeyed"))
    assert page.get_by_text("window.obeyed = 1").count() > 50


def _hostile(key, value):
    """Free text made hostile; what the contract gives a fixed form stays."""
    free = ("message", "claim", "diagnosis", "observed", "User-Agent", "body", "text", "title", "path", "what")
    return f"{value} {HOSTILE}" if key in free and isinstance(value, str) else value


def test_page_is_never_wider_than_the_screen(refuted, page):
    """On a telephone and on a desk, with all evidence open, nothing makes the page scroll sideways."""
    page.goto((refuted[0] / "index.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(item => item.open = true)")
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_page_prints(refuted, page):
    """Printed it is a PDF of a few pages, dark on white."""
    page.emulate_media(media="print", color_scheme="dark")
    page.goto((refuted[0] / "index.html").as_uri())
    assert "rgb(255, 255, 255)" == page.evaluate("getComputedStyle(document.body).backgroundColor")
    pdf = page.pdf()
    assert b"%PDF" == pdf[:4]
    assert 3 <= pdf.count(b"/Type /Page\n") <= 30


def test_readme_shows_a_picture_that_is_small():
    """README's picture is there, a PNG below 200 kB."""
    assert "](tutorial/report.png)" in (ROOT / "README.md").read_text(encoding="utf-8")
    data = PICTURE.read_bytes()
    assert (b"\x89PNG", True) == (data[:4], len(data) < 200_000)
