"""Every mistake in a stack's name, stage file or credentials is one sentence, and nothing is touched."""

import runpy
from contextlib import suppress

import pulumi
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from infra.service import flow
from infra.settings import ROOT, Mistake, StageFile, load, settings_of, stages
from tests.infra.conftest import stacks
from tests.infra.recording import Deployed, config_of, run

pytestmark = pytest.mark.infra

# (stack, change of alpha's configuration) -> the whole message
MISTAKES = [
    ("alpha", {}, "stack 'alpha' is not named <stage>-<region>, as in alpha-us-east-1"),
    ("alpha-useast1", {}, "stack 'alpha-useast1' is not named <stage>-<region>, as in alpha-us-east-1"),
    ("Alpha-us-east-1", {}, "stack 'Alpha-us-east-1' is not named <stage>-<region>, as in alpha-us-east-1"),
    (
        "delta-us-east-1",
        {},
        "stack 'delta-us-east-1' is of stage 'delta', which does not exist: there is no Pulumi.delta.yaml;"
        " the stages are alpha, beta, gamma, prod",
    ),
    (
        "alpha-eu-north-1",
        {},
        "stack 'alpha-eu-north-1' is in a region that Pulumi.alpha.yaml does not list: registry:regions has"
        " us-east-1, eu-west-1",
    ),
    (
        "prod-eu-west-1",
        {},
        "stack 'prod-eu-west-1' is of stage 'prod', but the stage file given is for 'alpha':"
        " give Pulumi.prod.yaml",
    ),
    (
        "alpha-us-east-1",
        {"stage": ""},
        f"stack 'alpha-us-east-1' was given no stage file: add --config-file {ROOT / 'Pulumi.alpha.yaml'}"
        " (or set PULUMI_OPTION_CONFIG_FILE to it; a path that does not exist counts as none)",
    ),
    (
        "alpha-us-east-1",
        {"ownerAccount": ""},
        "Pulumi.alpha.yaml: registry:ownerAccount is missing (Pulumi.yaml says what it is)",
    ),
    (
        "alpha-us-east-1",
        {"regions": "[]"},
        "Pulumi.alpha.yaml: registry:regions is missing (Pulumi.yaml says what it is)",
    ),
    (
        "alpha-us-east-1",
        {"logRetentionDays": None},
        "Pulumi.alpha.yaml: registry:logRetentionDays is missing (Pulumi.yaml says what it is)",
    ),
    (
        "alpha-us-east-1",
        {"ownerAccount": "1234"},
        r"Pulumi.alpha.yaml: registry:ownerAccount is '1234': string should match pattern '^(\d{12})?$'",
    ),
    (
        "alpha-us-east-1",
        {"protectDate": "true"},
        "Pulumi.alpha.yaml: registry:protectDate is not a setting: do you mean registry:protectData?",
    ),
    (
        "alpha-us-east-1",
        {"zzz": "1"},
        "Pulumi.alpha.yaml: registry:zzz is not a setting (Pulumi.yaml lists them)",
    ),
    (
        "alpha-us-east-1",
        {"region": "us-east-1"},
        "Pulumi.alpha.yaml: registry:region is not a setting: do you mean registry:regions?",
    ),
    (
        "alpha-us-east-1",
        {"architecture": "mips"},
        "Pulumi.alpha.yaml: registry:architecture is 'mips': input should be 'x86_64' or 'arm64'",
    ),
    (
        "alpha-us-east-1",
        {"sdkApiConcurrency": "0"},
        "Pulumi.alpha.yaml: registry:sdkApiConcurrency is '0': input should be -1 (the account's pool) or at"
        " least 1; 0 would stop the function",
    ),
    (
        "alpha-us-east-1",
        {"keyDeletionDays": "31"},
        "Pulumi.alpha.yaml: registry:keyDeletionDays is '31': input should be less than or equal to 30",
    ),
    (
        "alpha-us-east-1",
        {"apiBurst": "many", "retainDate": "true"},
        "Pulumi.alpha.yaml: registry:apiBurst is 'many': input should be a valid integer, unable to parse"
        " string as an integer\n"
        "Pulumi.alpha.yaml: registry:retainDate is not a setting: do you mean registry:retainData?",
    ),
]


def _changed(changes: dict[str, str | None]) -> dict[str, str]:
    config = config_of("alpha") | {f"registry:{key}": value or "" for key, value in changes.items()}
    return {
        key: value
        for key, value in config.items()
        if changes.get(key.removeprefix("registry:"), "") is not None
    }


@pytest.mark.parametrize(("stack", "changes", "sentence"), MISTAKES)
def test_a_mistake_is_one_sentence(stack: str, changes: dict[str, str | None], sentence: str) -> None:
    with pytest.raises(Mistake) as refused:
        settings_of(stack, _changed(changes))
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("days", "accepted"),
    [("7", True), ("8", False), ("0", False), ("-1", False), ("3653", True), ("x", False)],
)
def test_logs_are_kept_for_a_time_that_cloudwatch_allows(days: str, accepted: bool) -> None:
    config = _changed({"logRetentionDays": days})
    if accepted:
        assert settings_of("alpha-us-east-1", config).log_retention_days == int(days)
    else:
        with pytest.raises(
            Mistake, match=f"registry:logRetentionDays is .*{days}.*: input should be 1, 3, 5"
        ):
            settings_of("alpha-us-east-1", config)


@pytest.mark.parametrize(("stage", "region"), stacks())
def test_every_stage_file_is_accepted_in_each_of_its_regions(stage: str, region: str) -> None:
    settings = settings_of(f"{stage}-{region}", config_of(stage))
    assert (settings.stage, settings.region) == (stage, region)


def test_stage_files_are_the_stages_and_stack_files_are_not() -> None:
    assert stages() == ["alpha", "beta", "gamma", "prod"]


def test_a_stray_file_of_a_stack_makes_no_stage(tmp_path: pytest.TempPathFactory) -> None:
    folder = ROOT.__class__(str(tmp_path))
    for name in ("Pulumi.yaml", "Pulumi.alpha.yaml", "Pulumi.alpha-us-east-1.yaml"):
        (folder / name).touch()
    assert stages(folder) == ["alpha"]


def test_pulumi_yaml_declares_exactly_the_settings_there_are() -> None:
    schema = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    declared = {key for key in schema if ":" not in key}
    # The engine has no type for these; Pulumi.yaml tells of them in a comment.
    objects = {"rolePatterns", "limits", "customDomain"}
    assert declared == {field.alias for field in StageFile.model_fields.values()} - objects
    assert all(f"#   {key} " in (ROOT / "Pulumi.yaml").read_text() for key in objects)
    assert all(schema[key]["description"] for key in declared)
    assert schema["pulumi:disable-default-providers"] == {"value": ["*"]}


def test_committed_stage_files_carry_no_salt_and_no_secret() -> None:
    for stage in stages():
        text = (ROOT / f"Pulumi.{stage}.yaml").read_text()
        assert set(yaml.safe_load(text)) == {"config"}
        assert "secure:" not in text


def test_other_projects_keys_are_not_ours_to_judge() -> None:
    assert settings_of("alpha-us-east-1", _changed({}) | {"aws:region": "eu-west-1"}).region == "us-east-1"


@given(st.text(max_size=40).filter(lambda name: name != "alpha-us-east-1"))
def test_no_stack_name_is_a_traceback(stack: str) -> None:
    with pytest.raises(Mistake, match="stack "):
        settings_of(stack, config_of("alpha"))


@given(st.dictionaries(st.sampled_from(sorted(config_of("alpha"))), st.text(max_size=20), min_size=1))
def test_no_value_is_a_traceback(changes: dict[str, str]) -> None:
    with suppress(Mistake):
        settings_of("alpha-us-east-1", config_of("alpha") | changes)


def _touched(deployed: Deployed) -> list[str]:
    return [
        one.type for one in deployed.asked if one.type not in {"pulumi:pulumi:Stack", "pulumi:providers:aws"}
    ]


def _refusal(account: str | Exception) -> str:
    """What the user reads; nothing may have been declared but the provider."""
    said: list[str] = []

    def guarded() -> None:
        with pytest.raises(pulumi.RunError) as refused:
            flow.deploy(load())
        said.append(str(refused.value))

    assert _touched(run(guarded, config=config_of("alpha"), account=account)) == []
    return said[0]


def test_credentials_of_another_account_are_refused() -> None:
    assert _refusal("999999999999") == (
        "stack alpha-us-east-1 belongs to account 100000000001, but the credentials in use are of account"
        " 999999999999"
    )


def test_credentials_that_aws_refuses_are_one_sentence() -> None:
    said = _refusal(RuntimeError("AWS account ID\n not allowed: 999999999999"))
    assert said.startswith(
        "stack alpha-us-east-1 belongs to account 100000000001, and AWS does not accept the credentials in"
        " use for it: "
    )
    assert "AWS account ID not allowed: 999999999999" in said
    assert "\n" not in said


def test_the_entry_point_exports_what_the_stack_has() -> None:
    outputs: dict[str, object] = {}

    def main() -> None:
        runpy.run_path(str(ROOT / "infra" / "__main__.py"), run_name="__main__")
        outputs.update(pulumi.runtime.get_root_resource().outputs)

    run(main, config=config_of("alpha"))
    assert {"sdk_api_url", "entity_table", "key_table", "assets_bucket"} <= set(outputs)
