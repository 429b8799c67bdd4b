"""The reader's page in a real browser: walked by its buttons, by the reader's own calls, by keyboard, and attacked.

With `TUTORIAL_PICTURE=1` the walk by the buttons also writes README's pictures, `tutorial/walk-*.png`.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from fixtures.guide import read_guide
from fixtures.log_formats import documented
from fixtures.target import moto_target

ROOT = Path(__file__).parents[2]
GUIDE = read_guide(ROOT / "tutorial" / "guide.md")
STEPS = [step.id for step in GUIDE.steps]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SCREEN = {"width": 1200, "height": 720}
BRIEF = {"resultTypes": ["violations"]}  # of what axe-core finds well it need not say where that stands
JSON = {"Content-Type": "application/json"}
HOSTILE = "<script>window.obeyed = 1</script><img src=x onerror='window.obeyed = 1'>"


@dataclass
class Walked:
    """A walk that is served: `url` is the page's, `base` the origin's; `target` is where the reader works, too."""

    url: str
    process: subprocess.Popen

    @property
    def base(self):
        """The origin."""
        return self.url.removesuffix("/_tutorial/")

    @property
    def target(self):
        """The reader's own way to the sandbox."""
        return moto_target("us-east-1", self.base)

    def ask(self, what, body=None, **headers):
        """One call of the page's API, as the page makes it."""
        with httpx.Client(trust_env=False, timeout=60) as client:
            return client.post(f"{self.url}api/{what}", json=body or {}, headers={**JSON, **headers})

    def state(self):
        """The walk as the page gets it."""
        with httpx.Client(trust_env=False, timeout=60) as client:
            return client.get(f"{self.url}api/state").json()["state"]

    def do_until(self, step_id):
        """Has all steps before `step_id` done."""
        for earlier in STEPS[: STEPS.index(step_id)]:
            assert self.ask("do", {"step": earlier}).status_code == 200


def start(folder, *options):
    """The walk in a process of its own, as a reader starts it; waits for its line."""
    command = [sys.executable, "-m", "tutorial", "walk", "--no-browser", *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    assert line.startswith("ready: "), line
    return Walked(line.split()[1], process)


def stop(walked):
    """Ends it as Ctrl-C in another terminal would; its exit code."""
    walked.process.send_signal(signal.SIGTERM)
    code = walked.process.wait(10)
    walked.process.stdout.close()
    return code


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """One walk for the tests of this file."""
    walked = start(tmp_path_factory.mktemp("walk"))
    yield walked
    assert stop(walked) == 0


@pytest.fixture
def walk(served):
    """The walk, begun anew."""
    assert served.ask("reset").status_code == 200
    return served


@pytest.fixture(scope="module")
def tab(browser):
    """A tab of the browser's that the tests use one after the other: a new one is half of what opening a page costs."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def lawless(browser):
    """Another one, in which the page's policy does not hold: for scripts that the page itself forbids."""
    context = browser.new_context(bypass_csp=True)
    yield context.new_page()
    context.close()


@pytest.fixture
def opened(walk):
    """Has the steps before one done, by default none, and then opens the page in a tab.

    What its console says against it fails the test.
    """
    complaints, left = [], []

    def note(message):
        # That a step could not be done is told with 409, which the browser notes for itself.
        if message.type == "error" and "409 (Conflict)" not in message.text:
            complaints.append(message.text)

    def fail(error):
        complaints.append(str(error))

    def open_in(tab, before=STEPS[0]):
        walk.do_until(before)
        tab.set_viewport_size(SCREEN)
        tab.emulate_media(color_scheme="light", reduced_motion="no-preference")
        tab.on("console", note)
        tab.on("pageerror", fail)
        left.append(tab)
        tab.goto(walk.url)
        tab.locator(".step.waits button").first.wait_for()
        return tab

    yield open_in
    for tab in left:
        tab.remove_listener("console", note)
        tab.remove_listener("pageerror", fail)
        tab.goto("about:blank")
    assert complaints == []


@pytest.fixture
def page(opened, tab):
    """The page of a walk that begins."""
    return opened(tab)


def step(page, step_id):
    """The step's section."""
    return page.locator(f"#step-{step_id}")


def press(page, step_id, name):
    """Presses a button of the step that waits, and waits until it is answered."""
    section = step(page, step_id)
    section.get_by_role("button", name=name, exact=True).click()
    page.wait_for_function("id => !document.getElementById(id).hasAttribute('aria-busy')", arg=f"step-{step_id}")
    return section


def check(page, step_id):
    """Opens *I'll do it* and presses *Check*; the hint's text, or nothing where the step is done then."""
    section = step(page, step_id)
    mine = section.get_by_role("button", name="I’ll do it")
    if mine.get_attribute("aria-expanded") == "false":
        mine.click()
    press(page, step_id, "Check")
    page.wait_for_function(
        "id => { const s = document.getElementById(id), h = s.querySelector('.hint');"
        "return s.classList.contains('done') || (h && !h.hidden && h.textContent) }",
        arg=f"step-{step_id}",
    )
    return "" if "done" in section.get_attribute("class").split() else section.locator(".hint").inner_text()


def log_of(page):
    """The live event log beside the guide."""
    return page.frame_locator("iframe")


def setting(step_id, name):
    """What the guide's form says."""
    return next(row.value for row in GUIDE.by_id[step_id].settings if row.name == name)


def reader_key(walk):
    """The key of the guide's name, with its value."""
    gateway = walk.target.client("apigateway")
    [key] = gateway.get_api_keys(nameQuery=setting("api-key", "Name"), includeValues=True)["items"]
    return key


def call(walk, key, agent):
    """A `GET` of the reader's own, with a key; the answer's status."""
    [api] = walk.target.client("apigateway").get_rest_apis()["items"]
    url = walk.target.invoke_url(api["id"], setting("starting-api", "Stage"), setting("starting-api", "Resource path"))
    headers = {setting("postman-request", "Header"): key, "User-Agent": agent}
    return httpx.get(url, headers=headers, trust_env=False).status_code


def picture(page, name):
    """Writes one of README's pictures, when that is asked for."""
    if os.environ.get("TUTORIAL_PICTURE") == "1":
        page.emulate_media(reduced_motion="reduce")
        page.wait_for_timeout(600)  # the log's rows are on their way
        page.screenshot(path=ROOT / "tutorial" / f"walk-{name}.png")


def test_all_steps_by_the_button(walk, page):
    """Pressing *Do it for me* fourteen times ends with the reader's key ID in the live event log."""
    expect(page.locator("#progress-words")).to_have_text(f"0 of {len(STEPS)} steps")
    step(page, STEPS[0]).evaluate("section => section.scrollIntoView()")
    picture(page, "start")
    for step_id in STEPS:
        press(page, step_id, "Do it for me")
        expect(step(page, step_id)).to_have_class("step done")
        expect(step(page, step_id).locator(".result h3").first).to_be_focused()
        if step_id == "log-format":
            step(page, step_id).get_by_text("GET, 200, user ").first.click()
            step(page, step_id).locator(".result").evaluate("result => result.scrollIntoView()")
            picture(page, "middle")
    expect(page.locator("#progress-words")).to_have_text(f"{len(STEPS)} of {len(STEPS)} steps")
    expect(page.locator("#chart svg .answer.throttled").first).to_be_visible()
    assert int(setting("limits", "Quota")) < page.locator("#chart svg .answer").count()
    key = reader_key(walk)
    assert call(walk, key["value"], "the reader's own") == 200
    expect(log_of(page).locator(".row").first.locator(".chip.user")).to_contain_text(key["id"])
    expect(page.locator("#chart")).to_contain_text(f"key {key['id']}: ")
    page.locator("#chart select").select_option(index=page.locator("#chart option").count() - 1)  # the limits' key
    expect(page.locator("#chart svg .answer.throttled").first).to_be_visible()
    step(page, STEPS[-1]).locator(".result").evaluate("result => result.scrollIntoView()")
    picture(page, "end")


def test_each_step_shows_its_calls_requests_and_log_lines(opened, tab):
    """What was done is shown as commands, requests with answers, and log lines whose every field has a meaning."""
    page = opened(tab, "usage-plan")
    made = step(page, "api-key").locator(".result")
    made.get_by_text("The calls that did it").click()
    expect(made.get_by_text("aws apigateway create-api-key --name").first).to_be_visible()
    deployed = step(page, "deploy").locator(".result")
    deployed.get_by_text("no key GET: GET ").click()
    expect(deployed.get_by_text('{"message":"Forbidden"}').first).to_be_visible()
    deployed.get_by_text("GET, 403, no user").first.click()
    rows = deployed.locator("table").first.locator("tbody tr")
    assert [] == [row for row in rows.all_inner_texts() if not row.rstrip().split("\t")[-1]]
    assert set(documented()) - {"apiKeyId"} == set(rows.locator("th").all_inner_texts())


def test_what_the_reader_does_by_boto3_is_found(walk, opened, tab):
    """Steps that the reader does behind the page's back are done when *Check* is pressed, and not before."""
    page = opened(tab, "key-on-get")
    gateway = walk.target.client("apigateway")
    [api] = gateway.get_rest_apis()["items"]
    path = setting("starting-api", "Resource path")
    resource = next(item for item in gateway.get_resources(restApiId=api["id"])["items"] if item["path"] == path)

    def ask_for_key(step_id):
        gateway.update_method(
            restApiId=api["id"], resourceId=resource["id"], httpMethod=setting(step_id, "Method"),
            patchOperations=[{"op": "replace", "path": "/apiKeyRequired", "value": "true"}],
        )  # fmt: skip

    acts = {
        "key-on-get": lambda: ask_for_key("key-on-get"),
        "key-on-post": lambda: ask_for_key("key-on-post"),
        "deploy": lambda: gateway.create_deployment(restApiId=api["id"], stageName=setting("deploy", "Stage")),
        "api-key": lambda: gateway.create_api_key(name=setting("api-key", "Name"), enabled=True),
    }
    for step_id, act in acts.items():
        assert check(page, step_id).startswith("Not yet: ")
        act()
        assert check(page, step_id) == ""
        expect(step(page, step_id).locator(".result h3").first).to_have_text("You did it")
    press(page, "usage-plan", "Do it for me")
    expect(step(page, "usage-plan")).to_have_class("step done")


def test_what_is_done_wrongly_gets_a_hint(walk, opened, tab):
    """A plan with another rate than the guide's is wrong, and the hint names the guide's; mended, it is done."""
    page = opened(tab, "usage-plan")
    gateway = walk.target.client("apigateway")
    rate, burst = setting("usage-plan", "Rate"), setting("usage-plan", "Burst")
    plan = gateway.create_usage_plan(
        name=setting("usage-plan", "Name"),
        throttle={"rateLimit": float(rate) + 1, "burstLimit": int(burst)},
        quota={"limit": int(setting("usage-plan", "Quota")), "period": setting("usage-plan", "Period").upper()},
    )
    hint = check(page, "usage-plan")
    assert hint.startswith("Wrong: ")
    assert not set("*`") & set(hint)  # the guide's markup is shown, not its signs
    assert {float(rate), float(rate) + 1} <= {float(number) for number in re.findall(r"\d+(?:\.\d+)?", hint)}
    expect(page.locator("#said")).to_have_text(hint)
    mend = [{"op": "replace", "path": "/throttle/rateLimit", "value": rate}]
    gateway.update_usage_plan(usagePlanId=plan["id"], patchOperations=mend)
    assert check(page, "usage-plan") == ""


def test_the_reader_says_which_of_several_is_theirs(walk, opened, tab):
    """Where the account has two keys of the guide's name the hint asks which, and the one that is named is adopted."""
    page = opened(tab, "api-key")
    gateway, name = walk.target.client("apigateway"), setting("api-key", "Name")
    first, second = (gateway.create_api_key(name=name, enabled=True)["id"] for _ in range(2))
    hint = check(page, "api-key")
    assert hint.startswith("Not yet: ")
    assert first in hint
    assert second in hint
    section = step(page, "api-key")
    section.get_by_text("Several of that name").click()
    section.get_by_label("API key’s ID").fill(second)
    assert check(page, "api-key") == ""
    expect(section.locator(".result")).to_contain_text(f"API key {second}")


def test_an_event_turns_from_anonymous_to_the_keys_id(walk, opened, tab):
    """The same keyed request is anonymous before the log format changes, and has the key's ID after it."""
    page = opened(tab, "log-format")
    key = reader_key(walk)
    rows = log_of(page).locator("#events .row")
    before = int(log_of(page).locator("#count").inner_text().split()[0])
    assert call(walk, key["value"], "before the change") == 200
    expect(log_of(page).locator("#count")).to_have_text(f"{before + 1} calls")
    expect(rows.first.locator(".chip")).to_have_text("anonymous")
    press(page, "log-format", "Do it for me")
    expect(step(page, "log-format")).to_have_class("step done")
    assert call(walk, key["value"], "after the change") == 200
    arrived = "() => events.some(one => one.record && one.record.requestUserAgentHeader === 'after the change')"
    page.frames[1].wait_for_function(arrived)
    expect(rows.first.locator(".chip.user")).to_contain_text(key["id"])
    rows.first.click()
    expect(log_of(page).locator(".details").first).to_contain_text("after the change")


def test_the_keys_value_is_masked_until_shown(walk, opened, tab):
    """The key's value stands nowhere in the page until *show* is pressed, and again not after *hide*."""
    page = opened(tab, "limits")
    step(page, "limits").locator("button").first.wait_for()
    key = reader_key(walk)
    log_of(page).locator("#events .row").first.click()
    assert key["value"] not in page.content() + page.frames[1].content() + str(walk.state())
    made = step(page, "api-key")
    made.get_by_role("button", name="show the key’s value").click()
    expect(made.get_by_text(key["value"])).to_be_visible()
    made.get_by_role("button", name="hide the key’s value").click()
    expect(made.get_by_text(key["value"])).to_have_count(0)


def test_keyboard_alone_does_a_step(page):
    """Tab reaches the step's button, Enter does it, and the focus and the live region say that it is done."""
    page.locator("#to-current").focus()
    page.keyboard.press("Enter")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Do it for me":
            break
    page.keyboard.press("Enter")
    expect(step(page, STEPS[0]).locator(".result h3").first).to_be_focused()
    expect(page.locator("#said")).to_have_text(f"Done: {GUIDE.by_id[STEPS[0]].title}.")


def test_a_step_that_fails_says_why_and_can_be_tried_again(walk, page):
    """What AWS refuses is told beside the step, what was half made is taken back, and the button works again."""
    iam, name = walk.target.client("iam"), f"{setting('starting-api', 'Function name')}-role"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    section = press(page, STEPS[0], "Do it for me")
    expect(section.locator(".hint")).to_contain_text("This could not be done: CreateRole was refused")
    page.reload()
    expect(section.locator(".hint")).to_contain_text("CreateRole was refused")
    iam.delete_role(RoleName=name)
    press(page, STEPS[0], "Do it for me")
    expect(section).to_have_class("step done")


def test_start_over_empties_everything(walk, opened, tab):
    """After *Start over* no step is done, nothing is in the account, and the event log is empty."""
    page = opened(tab, "key-on-get")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Start over").click()
    expect(page.locator("#progress-words")).to_have_text(f"0 of {len(STEPS)} steps")
    expect(log_of(page).locator("#count")).to_have_text("0 calls")
    assert walk.target.client("apigateway").get_rest_apis()["items"] == []


def test_axe_finds_nothing_serious(opened, lawless):
    """axe-core has no serious or critical finding in page and event log, with much open, in light and in dark."""
    if not AXE.is_file():
        pytest.fail("axe-core is not installed: run `make setup`", pytrace=False)
    page = opened(lawless, "usage-plan")
    step(page, "usage-plan").get_by_role("button", name="I’ll do it").click()
    log_of(page).locator("#events .row").first.click()
    # One step with all that a step can show; all steps open are ten times the work, and nothing new.
    page.evaluate(
        "document.querySelectorAll('#step-api-key details, .by-hand details').forEach(item => item.open = true)"
    )
    for frame in page.frames:
        frame.add_script_tag(path=AXE)
    for scheme, options in (("light", BRIEF), ("dark", {"runOnly": ["color-contrast"], **BRIEF})):
        page.emulate_media(color_scheme=scheme)
        result = page.evaluate("options => axe.run(options)", options)
        serious = [one for one in result["violations"] if one["impact"] in ("serious", "critical")]
        assert [] == [f"{scheme}: {one['id']}: {one['nodes'][0]['html']}" for one in serious]
        assert len(result["passes"]) > (0 if options else 20)


def test_page_is_never_wider_than_the_screen(opened, tab):
    """On a telephone and on a desk, with everything open, nothing makes the page scroll sideways."""
    page = opened(tab, "usage-plan")
    step(page, "usage-plan").get_by_role("button", name="I’ll do it").click()
    page.evaluate("document.querySelectorAll('details').forEach(item => item.open = true)")
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_hostile_caller_runs_no_script(walk, opened, lawless):
    """Even without the policies, script in a caller's user agent, path and body does nothing in page and log."""
    page = opened(lawless, "key-on-get")
    [api] = walk.target.client("apigateway").get_rest_apis()["items"]
    url = walk.target.invoke_url(api["id"], setting("starting-api", "Stage"), "/")
    headers = {"User-Agent": HOSTILE, "Referer": HOSTILE}
    httpx.post(url + HOSTILE, headers=headers, content=HOSTILE, trust_env=False)
    row = log_of(page).locator("#events .row").first
    expect(row).to_contain_text("403")
    row.click()
    expect(log_of(page).locator(".details").first).to_contain_text("<script>window.obeyed")
    assert [None, None] == [frame.evaluate("window.obeyed") for frame in page.frames]


def test_a_hostile_guide_runs_no_script(lawless, tmp_path):
    """Even without the page's policy, script in a guide's prose, titles, claims and blocks is shown as text."""
    text = GUIDE.text.replace(GUIDE.title, f"{GUIDE.title} {HOSTILE}", 1)
    text = text.replace("## Deploy the change", f"## Deploy the change {HOSTILE}")
    text = text.replace(
        "A stage serves a snapshot", f"{HOSTILE} [link](javascript:window.obeyed=1) A stage serves a snapshot"
    )
    text = text.replace("asks for a key on both methods.", f"asks for a key on both methods. {HOSTILE}")
    (tmp_path / "guide.md").write_text(text, encoding="utf-8")
    walked = start(tmp_path, "--guide", "guide.md")
    try:
        lawless.goto(walked.url)
        lawless.locator(".step.waits button").first.wait_for()
        assert lawless.evaluate("window.obeyed") is None
        assert lawless.get_by_text("window.obeyed = 1").count() >= 4
        assert lawless.locator("a[href^='javascript']").count() == 0
        lawless.goto("about:blank")
    finally:
        stop(walked)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_another_site_may_do_nothing(headers, status, walk):
    """A request that another site's page can make is refused, and does nothing."""
    with httpx.Client(trust_env=False) as client:
        body = b'{"step": "starting-api"}'
        answer = client.post(f"{walk.url}api/do", content=body, headers={**JSON, **headers})
    assert answer.status_code == status
    assert walk.state()["current"] == STEPS[0]


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"step": 1}', b'{"step": ["x"]}', b"\xff"])
def test_a_bad_request_is_answered_with_a_sentence(body, walk):
    """What is no JSON object with a step gets 400 and a sentence, and no traceback."""
    with httpx.Client(trust_env=False) as client:
        answer = client.post(f"{walk.url}api/do", content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("expected ")


@pytest.mark.parametrize("step_id", ["deploy", "no-such-step"])
def test_only_the_step_that_waits_is_done(step_id, walk):
    """Any other step is refused with 409 and what comes first, and does nothing."""
    answer = walk.ask("do", {"step": step_id})
    assert answer.status_code == 409
    assert STEPS[0] in answer.json()["message"]
    assert walk.state()["current"] == STEPS[0]


def test_the_page_is_served_under_a_policy(walk):
    """The page and its files are the sandbox's neighbours: 200, with the guide, under a policy that runs no script."""
    with httpx.Client(trust_env=False) as client:
        answers = [client.get(walk.url + path) for path in ("", "static/page.css", "static/page.js", "static/chart.js")]
        assert client.get(walk.base + "/_sandbox/health").json()["status"] == "ok"
        assert client.get(walk.url + "static/..%2fapp.py").status_code == 404
        assert client.get(walk.url, headers={"Host": "evil.example"}).status_code == 403
    assert [200] * 4 == [answer.status_code for answer in answers]
    assert GUIDE.title in answers[0].text
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self';" in policy
        assert "http" not in "".join(line for line in answer.text.split("\n") if "src=" in line or "@import" in line)


@pytest.mark.parametrize("name", ["start", "middle", "end"])
def test_the_pictures_of_the_walk_are_small(name):
    """README's pictures of the walk are there, PNGs below 200 kB."""
    data = (ROOT / "tutorial" / f"walk-{name}.png").read_bytes()
    assert (b"\x89PNG", True) == (data[:4], len(data) < 200_000)
