"""The container files: their steps are those that .ci/container.py can run, and name what exists."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
from command_line import refused

from wavewright.apps.server.settings import ServerSettings

ROOT = Path(__file__).parents[1]
DEFAULT_PORT = ServerSettings().port
pytestmark = pytest.mark.skipif(not (ROOT / "Containerfile").is_file(), reason="the repository is not beside the tests")


@pytest.fixture(scope="module")
def container():
    """The script that runs the steps without a container engine."""
    spec = importlib.util.spec_from_file_location("container", ROOT / ".ci" / "container.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["container"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["container"]


@pytest.fixture
def steps(container) -> list[tuple[str, str]]:
    return container.instructions((ROOT / "Containerfile").read_text())


def arguments_of(steps: list[tuple[str, str]], word: str) -> list[str]:
    return [argument for name, argument in steps if name == word]


def test_the_server_of_the_image_is_healthy_when_it_is_ready(steps, capsys):
    assert arguments_of(steps, "EXPOSE") == [str(DEFAULT_PORT)]
    (health,) = arguments_of(steps, "HEALTHCHECK")
    assert f"http://127.0.0.1:{DEFAULT_PORT}/ready" in json.loads(health.partition("CMD ")[2])[-1]
    assert arguments_of(steps, "USER")[-1] not in ("root", "0")
    (program,) = json.loads(arguments_of(steps, "ENTRYPOINT")[-1])
    command = json.loads(arguments_of(steps, "CMD")[-1])
    assert program == "wavewright"
    assert "port" in refused(capsys, *command, "--port", "70000")  # all other words are valid


def test_the_steps_name_extras_and_files_that_exist(steps):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (default,) = arguments_of(steps, "ARG")
    compose = re.findall(r'EXTRAS: "([\w,]+)"', (ROOT / "compose.yaml").read_text())
    for listed in (default.partition("=")[2], *compose):
        assert set(listed.split(",")) <= extras.keys()
    sent = {line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line.startswith("!")}
    copied = {file for files in arguments_of(steps, "COPY") if "--from" not in files for file in files.split()[:-1]}
    assert copied == sent
    assert all((ROOT / file).exists() for file in copied)


def test_the_script_runs_every_kind_of_step(container, tmp_path, monkeypatch):
    monkeypatch.setattr(container, "ROOT", tmp_path / "repository")
    monkeypatch.setattr(container, "make_environment", lambda folder: folder.mkdir())
    (tmp_path / "repository" / "src").mkdir(parents=True)
    (tmp_path / "repository" / "src" / "a.txt").write_text("a")
    (tmp_path / "work").mkdir()
    text = """# a comment
        FROM python AS build
        WORKDIR /source
        COPY src ./src
        RUN mkdir /wheels && \\
            cp src/a.txt /wheels
        FROM python
        ARG WORD=first
        COPY --from=build /wheels /wheels
        RUN useradd --create-home --uid 10001 someone
        USER someone
        WORKDIR /home/someone
        RUN echo "$WORD $HOME" > said.txt && cat /wheels/a.txt >> said.txt
        EXPOSE 1
        HEALTHCHECK --interval=1s CMD ["python", "-c", "pass"]
        ENTRYPOINT ["wavewright"]
        CMD ["serve"]
    """
    stage = container.build(re.sub(r"^ {8}", "", text, flags=re.MULTILINE), tmp_path / "work")
    home = tmp_path / "work" / "1" / "home" / "someone"
    assert (home / "said.txt").read_text() == f"first {home}\na"
    assert (stage.entrypoint, stage.command, stage.user, stage.port) == (["wavewright"], ["serve"], "someone", "1")
    assert stage.health == ["python", "-c", "pass"]


def test_the_script_refuses_steps_that_it_does_not_know(container, tmp_path):
    with pytest.raises(ValueError, match=r"has VOLUME, which \.ci/container\.py does not know"):
        container.build("VOLUME /data", tmp_path)
    with pytest.raises(ValueError, match="as root"):
        container.check(container.Stage(tmp_path))


def test_the_cluster_of_the_compose_file_is_where_its_batch_looks_for_it():
    yaml = pytest.importorskip("yaml")
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert services.keys() == {"server", "ray-head", "ray-worker", "batch"}
    assert services["server"]["ports"] == [f"127.0.0.1:{DEFAULT_PORT}:{DEFAULT_PORT}"]
    head, worker, batch = (services[name] for name in ("ray-head", "ray-worker", "batch"))
    assert "--ray-client-server-port=10001" in head["entrypoint"]
    assert batch["command"][-1] == "ray://ray-head:10001"
    assert "--address=ray-head:6379" in worker["entrypoint"]
    assert worker["deploy"]["replicas"] == 2
    assert head["image"] == worker["image"] == batch["image"] != services["server"]["image"]
    assert head["environment"]["RAY_USAGE_STATS_ENABLED"] == "0"
