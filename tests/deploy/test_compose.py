"""compose.yaml and the files that it hands to its services."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
DEPLOY = REPOSITORY / "deploy"
COMPOSE = REPOSITORY / "compose.yaml"
CONTENT: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
SERVICES: dict[str, dict[str, Any]] = CONTENT["services"]
SCHEMA = json.loads((REPOSITORY / "tests" / "data" / "compose-spec.schema.json").read_text())
LOGIN = DEPLOY / "login.yaml"
VARIABLE = re.compile(r"\$\{([A-Z_]+)(:[?-][^}]*)?\}")
ASKED_FOR = dict(VARIABLE.findall(LOGIN.read_text() + COMPOSE.read_text()))
OFFERED = dict(re.findall(r"^([A-Z_]+)=(.*)$", (DEPLOY / ".env.example").read_text(), re.MULTILINE))


def mounts(service: str) -> dict[str, str]:
    """Target by source: a path of this repository, a variable or a named volume."""
    without_variables = [re.sub(r"\$\{([A-Z_]+)[^}]*\}", r"$\1", mount) for mount in SERVICES[service]["volumes"]]
    return {mount.split(":")[0]: mount.split(":")[1] for mount in without_variables}


@pytest.mark.parametrize("file", [COMPOSE, LOGIN])
def test_the_compose_specification_accepts_the_file(file: Path) -> None:
    jsonschema.Draft7Validator(SCHEMA).validate(yaml.safe_load(file.read_text()))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(SCHEMA).validate({"services": {"app": {"imagee": "x"}}})


def test_every_variable_stands_in_the_example_and_nothing_else_does() -> None:
    assert set(OFFERED) == set(ASKED_FOR)


def test_what_would_let_a_stranger_in_has_no_default() -> None:
    required = {name for name, rule in ASKED_FOR.items() if rule.startswith(":?")}
    assert required >= {"POSTGRES_PASSWORD", "ORTHANC_PASSWORD", "MONAI_LABEL_AUTH_REALM_URI", "CERTIFICATES"}
    assert {name for name, value in OFFERED.items() if not value} == required
    assert all(rule for rule in ASKED_FOR.values()), "a variable without a rule is silently empty"
    text = COMPOSE.read_text() + LOGIN.read_text()
    plain = re.findall(r"^ +\w*(?:PASSWORD|SECRET|KEY)\w*: (.*)$", text, re.MULTILINE)
    assert plain
    assert all(value.startswith("${") for value in plain)


@pytest.mark.parametrize(("name", "default"), [(n, r[2:]) for n, r in ASKED_FOR.items() if r.startswith(":-")])
def test_the_example_repeats_the_defaults(name: str, default: str) -> None:
    assert OFFERED[name].strip("'") == default


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert not any(key in service for service in SERVICES.values() for key in ("network_mode", "expose", "privileged"))
    assert CONTENT["networks"]["back"] == {"internal": True}
    assert SERVICES["orthanc"]["networks"] == SERVICES["postgres"]["networks"] == ["back"]
    assert SERVICES["proxy"]["networks"] == ["front"]


def test_the_app_wants_to_know_who_asks() -> None:
    assert SERVICES["app"]["environment"]["MONAI_LABEL_AUTH_ENABLE"] == "true"


@pytest.mark.parametrize("name", SERVICES)
def test_every_mount_exists(name: str) -> None:
    for source in mounts(name):
        if source.startswith("."):
            assert (REPOSITORY / source).is_file(), source
        elif not source.startswith("$"):
            assert source in CONTENT["volumes"]


def test_every_volume_is_used() -> None:
    assert set(CONTENT["volumes"]) <= {source for name in SERVICES for source in mounts(name)}


@pytest.mark.parametrize(("name", "service"), SERVICES.items())
def test_every_service_is_bounded_watched_and_restarted(name: str, service: dict[str, Any]) -> None:
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "build" in service or re.search(r":\d+\.\d+", service["image"]), f"{name}: pin the image"


def test_the_login_stands_between_tls_and_the_app_and_has_no_port() -> None:
    services = yaml.safe_load(LOGIN.read_text())["services"]
    assert services.keys() == {"app", "login", "proxy"}
    client = services["login"]["environment"]["OAUTH2_PROXY_CLIENT_ID"]
    assert services["app"]["environment"] == {"MAMMOLENS_AUTH_LOGIN_CLIENT": client}
    assert services["proxy"]["environment"] == {"APP_ADDRESS": "login:4180"}
    assert services["login"]["environment"]["OAUTH2_PROXY_UPSTREAMS"] == "http://app:8000/"
    assert services["login"]["networks"] == ["front"]
    assert not any("ports" in service for service in services.values())


def test_a_service_waits_for_what_it_needs() -> None:
    needs = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}
    assert {name: set(needed) for name, needed in needs.items()} == {
        "proxy": {"app"}, "app": {"orthanc"}, "orthanc": {"postgres"}, "postgres": set(),
    }  # fmt: skip
    assert all(how["condition"] == "service_healthy" for needed in needs.values() for how in needed.values())


def test_templates_ask_for_what_their_service_is_told() -> None:
    asked = {
        file: set(re.findall(r"\$\{(\w+)\}", (DEPLOY / file).read_text())) for file in ("nginx.conf", "orthanc.json")
    }
    assert asked["nginx.conf"] == set(SERVICES["proxy"]["environment"])
    assert asked["orthanc.json"] == set(SERVICES["orthanc"]["environment"])


def test_orthanc_keeps_its_index_in_postgresql_and_asks_for_a_password() -> None:
    configuration = json.loads((DEPLOY / "orthanc.json").read_text())
    assert configuration["AuthenticationEnabled"] is True
    assert configuration["PostgreSQL"]["EnableIndex"] is True
    assert configuration["RegisteredUsers"].keys() == {SERVICES["app"]["environment"]["MONAI_LABEL_DICOMWEB_USERNAME"]}


def test_the_image_is_built_of_files_that_exist_and_reach_the_builder() -> None:
    ignore = (REPOSITORY / ".dockerignore").read_text().splitlines()
    sent = [line.removeprefix("!") for line in ignore if line.startswith("!")]
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)
    sources = [source for line in copied for source in line.split()]
    assert "lib" in sources
    assert "*" in ignore
    for source in sources:
        assert (REPOSITORY / source).exists(), source
        assert any(source == path or source.startswith(f"{path}/") for path in sent), source


def test_the_app_is_not_root_and_writes_into_its_volumes_only() -> None:
    dockerfile = (REPOSITORY / "Dockerfile").read_text()
    assert re.findall(r"^USER (\w+)$", dockerfile, re.MULTILINE)[-1] == "mammolens"
    assert SERVICES["app"]["read_only"] is True
    for target in mounts("app").values():
        assert f"{target} " in dockerfile, f"{target}: a volume takes its owner from the image's folder"
        assert target.startswith("/var/lib/mammolens/")


def test_the_base_image_is_a_python_that_the_package_supports() -> None:
    [major_minor] = set(
        re.findall(r"^FROM python:(\d+\.\d+)\.\d+-", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)
    )
    assert major_minor in ("3.11", "3.12")
