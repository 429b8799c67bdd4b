"""What is asked for wrongly: one line that says what was expected, exit code 4, and nothing made."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.cli import INTERRUPTED, USAGE, ended, in_words
from fixtures.forked_commands import forked
from fixtures.processes import SANDBOX_URL
from fixtures.report import write_beside
from fixtures.result import REPORT_FILES
from fixtures.target import moto_target

ROOT = Path(__file__).parents[2]
REGION = "mars-1"
QUICKER = "--no-newman"  # it takes half a second to load, and no run that is refused comes to it
UNKNOWN_REGION = f"--region {REGION} is unknown: botocore knows no apigateway there; choose another, or update boto3"
OURS = ("AWS_", "TUTORIAL_", "MOESIF_", "GITHUB_")

Refused = Callable[..., str]


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """What a command says that is refused: one line, nothing on stdout, exit code 4, and nothing new in its folder."""
    folder = tmp_path / "folder"
    folder.mkdir()

    def call(*words: object, **variables: str) -> str:
        before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
        clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        done = forked(*words, cwd=folder, env=clean | {"PYTHONPATH": str(ROOT)} | variables)
        said = [line for line in done.stderr.splitlines() if line]
        out = re.sub("^no tests ran in .*", "", done.stdout.strip())  # pytest's own
        assert (USAGE, "", 1) == (done.returncode, out, len(said)), done.stdout + done.stderr
        assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
        return said[0]

    return call


@pytest.mark.parametrize(
    "words",
    [
        ("tutorial", "check"), ("tutorial", "sweep"), ("tutorial", "errata"), ("tutorial", "walk", "--no-browser"),
        ("tutorial", "postman", "--target", "moto"),
    ],
    ids=lambda words: words[1],
)  # fmt: skip
def test_an_unknown_region(refused: Refused, empty: str, words: tuple[str, ...]) -> None:
    """A Region that is none is told by each command that takes one, and nothing is asked in it."""
    said = refused(*words, "--region", REGION, **{SANDBOX_URL: empty})
    assert said.endswith(UNKNOWN_REGION)


def test_an_unknown_region_of_the_environment(refused: Refused, empty: str) -> None:
    """The environment's Region is held to the same, also where its name could be none."""
    assert "--region east of us is unknown" in refused(
        "tutorial", "check", AWS_REGION="east of us", **{SANDBOX_URL: empty}
    )


def test_a_run_in_an_unknown_region(empty: str, tmp_path: Path) -> None:
    """A run in a Region that is none ends before anything is created, and writes no report."""
    report = tmp_path / "report"
    words = ("tests/tutorial", "-q", QUICKER, "--region", REGION, "--report", report)
    done = forked("pytest", *words, env=os.environ | {SANDBOX_URL: empty})
    assert (USAGE, [f"ERROR: {UNKNOWN_REGION}"]) == (done.returncode, done.stderr.strip().splitlines())
    assert not report.exists()
    assert [] == moto_target("us-east-1", empty).client("lambda").list_functions()["Functions"]


def test_what_the_reader_set_up_for_aws_is_not_read(empty: str, tmp_path: Path) -> None:
    """On the sandbox a profile that is none, or a broken file of AWS's settings, keeps nobody from their work."""
    broken = tmp_path / "config"
    broken.write_text("no settings at all [", encoding="utf-8")
    variables = {"AWS_PROFILE": "nobody", "AWS_CONFIG_FILE": str(broken), "AWS_SHARED_CREDENTIALS_FILE": str(broken)}
    done = forked("tutorial", "sweep", "--target", empty, env=os.environ | variables)
    assert (0, "0 to remove\n", "") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("run_id", ["x y", "", "0A1B2C3D4E5F", "0a1b2c3d4e5", "0a1b2c3d4e5f0", "*"])
def test_a_run_id_that_is_none(refused: Refused, run_id: str) -> None:
    """What cannot be a run's ID is told: nothing would ever be found by it, which reads as if nothing were left."""
    expected = f"--run-id: expected a run's ID, 12 digits of 0-9 and a-f such as 0a1b2c3d4e5f, found {run_id!r}"
    assert f"python -m tutorial sweep: {expected}" == refused("tutorial", "sweep", "--run-id", run_id)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--target", "nope"), "--target nope: expected moto, aws, or the URL of an emulator"),
        (("--target", "http://127.0.0.1:1"), "--target http://127.0.0.1:1: no emulator answers there"),
        (("--target", "aws"), "--target aws: name the sandbox account with --aws-account or TUTORIAL_AWS_ACCOUNT"),
    ],
    ids=["no target", "nobody there", "no account"],
)
def test_why_there_are_no_errata(refused: Refused, words: tuple[str, ...], said: str) -> None:
    """Where a run is refused `errata` says why, in the run's words."""
    assert refused("tutorial", "errata", *words).startswith(said)


COMMANDS = ("wire", "rehearse", "clean_runs 1", "sweep.rehearsal 1", "bench", "bench.peers", "code_mutants")


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_that_is_none(refused: Refused, command: str) -> None:
    """Each of the project's commands ends with its documented exit code for an option that it does not have."""
    module, *words = command.split()
    said = refused(f"fixtures.{module}", *words, "--nope")
    assert f"python -m fixtures.{module}: unrecognized arguments: --nope; --help says more" == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("clean_runs",), "the following arguments are required: N"),
        (("clean_runs", "many"), "argument N: expected a whole number from 1 on, found 'many'"),
        (("clean_runs", "0"), "argument N: expected a whole number from 1 on, found '0'"),
        (("sweep.rehearsal", "0"), "argument N: expected a whole number from 1 on, found '0'"),
        (("sweep.rehearsal", "1", "seed"), "argument SEED: invalid int value: 'seed'"),
        (("bench", "nothing"), "no such part: nothing"),
        (("bench", "--rounds", "0"), "argument --rounds: expected a whole number from 1 on, found '0'"),
        (("wire", "--every", "-1"), "argument --every: expected a whole number from 1 on, found '-1'"),
        (("rehearse", "--nights", "0"), "argument --nights: expected a whole number from 1 on, found '0'"),
    ],
    ids=" ".join,
)
def test_a_number_that_is_none(refused: Refused, words: tuple[str, ...], said: str) -> None:
    """A count of none, or a word in its place, is told before anything runs."""
    assert f"python -m fixtures.{words[0]}: {said}; --help says more" == refused(f"fixtures.{words[0]}", *words[1:])


WRITERS = {
    "merge": (("tutorial", "report", "merge", "."), "--output"),
    "postman": (("tutorial", "postman"), "--output"),
    "watch": (("tutorial", "watch"), "--report"),
    "run": (("pytest", ROOT / "tests" / "tutorial", "-q", "-p", "no:cacheprovider", QUICKER), "--report"),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize(
    ("folder", "why"),
    [("file", "Not a directory"), ("file/below", "Not a directory"), ("taken", " is a folder there")],
    ids=["a file in the way", "below a file", "a folder in a file's place"],
)
def test_a_folder_that_cannot_be_written(refused: Refused, tmp_path: Path, name: str, folder: str, why: str) -> None:
    """Where the files cannot be written that line says why, before anything is run, without the number of an error."""
    words, option = WRITERS[name]
    (tmp_path / "folder" / "file").touch()
    for file in (*REPORT_FILES, "merged.json", "collection.json"):
        (tmp_path / "folder" / "taken" / file).mkdir(parents=True)
    said = refused(*words, option, folder)
    assert why in said
    assert said.endswith(("; name another folder", "; name another folder; --help says more"))
    assert "[Errno" not in said


def test_a_folder_without_a_name(refused: Refused) -> None:
    """An empty name, as of a variable that is not set, is no folder."""
    assert "argument --output: expected a folder, found ''" in refused("tutorial", "postman", "--output", "")


def test_a_file_that_could_not_be_replaced_leaves_nothing(tmp_path: Path) -> None:
    """Where a file's place is taken nothing is left beside it, and the error is told by its name."""
    (tmp_path / "result.json").mkdir()
    with pytest.raises(OSError, match="directory") as failed:
        write_beside(tmp_path / "result.json", "{}")
    assert ["result.json"] == [path.name for path in tmp_path.iterdir()]
    assert f"{tmp_path / 'result.json'}: Is a directory" == in_words(failed.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--keep",),
            "--keep is for --terminal: the page's sandbox ends with the page, and what was made goes with it",
        ),
        (("--keep", "--target", "http://127.0.0.1:1"), "--keep is for --terminal: the page keeps what was made until"),
        (("--until", "deploy"), "--until is for --terminal: on the page each step waits for you"),
    ],
    ids=["keep", "keep elsewhere", "until"],
)
def test_what_the_page_cannot_do(refused: Refused, words: tuple[str, ...], said: str) -> None:
    """What only the walk in the terminal does is not silently left out on the page."""
    assert refused("tutorial", "walk", "--no-browser", *words).startswith(said)


def test_no_walk_to_resume_elsewhere(refused: Refused, empty: str) -> None:
    """On another target than the page's own sandbox there is a walk to go on with, or the page does not start."""
    said = refused("tutorial", "walk", "--no-browser", "--resume", "--target", empty)
    assert ".tutorial-walk/state.json: there is no walk to resume" == said


def test_a_walk_elsewhere_is_not_written_over(refused: Refused, tmp_path: Path, empty: str) -> None:
    """The state of a walk on AWS is the only trace of what it made: no page takes its place."""
    file = tmp_path / "folder" / ".tutorial-walk" / "state.json"
    file.parent.mkdir()
    state = {
        "schema": 1, "guide": "guide.md", "guide_sha256": "0", "target": "aws", "region": "eu-west-1",
        "endpoint_url": None, "account_id": "123456789012", "run_id": "0a1b2c3d4e5f", "made": {"api-key": {"id": "k"}},
    }  # fmt: skip
    file.write_text(json.dumps(state), encoding="utf-8")
    for more in ((), ("--target", empty)):
        said = refused("tutorial", "walk", "--no-browser", *more)
        assert (
            "a walk is under way on AWS, eu-west-1, 1 steps done: go on there with --resume, or remove the file" in said
        )


def test_ctrl_c_is_no_news() -> None:
    """Ctrl-C ends a command with the exit code that shells know, and without a traceback."""
    command = [sys.executable, "-m", "fixtures.bench", "tutorial"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stderr is not None
        begun = process.stderr.readline()
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert ("measuring: tutorial\n", INTERRUPTED, "", "") == (begun, process.returncode, out, err)


def test_a_reader_who_leaves_is_no_news(capfd: pytest.CaptureFixture[str]) -> None:
    """A command whose reader has seen enough says nothing more, also where rich would end it with exit code 1."""
    command = f"{sys.executable} -m tutorial ledger | true; exit ${{PIPESTATUS[0]}}"
    assert 0 == subprocess.run(["bash", "-c", command], cwd=ROOT, check=False, timeout=60).returncode
    assert ("", "") == capfd.readouterr()


def test_another_end_stays_what_it_is() -> None:
    """The exit code of a command is its own."""

    def leaves() -> int:
        sys.exit(3)

    assert 2 == ended(lambda: 2)
    with pytest.raises(SystemExit) as end:
        ended(leaves)
    assert 3 == end.value.code
