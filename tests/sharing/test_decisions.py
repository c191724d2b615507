"""The policy evaluator: what holds for every policy, account, action and organisation."""

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from registry.domain.applications import TakenDown
from registry.domain.policy import Decision, decide
from registry.domain.statements import ACTIONS, ANYBODY, DEPLOY, DEPLOYING, UNSHARE, Statement
from tests.support.entities import CONSUMER, REGION, application, arn

pytestmark = pytest.mark.unit

ACCOUNTS = (CONSUMER, "333333333333", "444444444444")
ORGANIZATIONS = ("o-aaaaaaaaaa", "o-bbbbbbbbbb")
OWNERS_ONLY = (
    "UpdateApplication",
    "DeleteApplication",
    "CreateApplicationVersion",
    "GetApplicationPolicy",
    "PutApplicationPolicy",
)

single = st.sampled_from(sorted(ACTIONS - {UNSHARE}))
plain = st.builds(
    lambda actions, principals: Statement(
        actions=tuple(actions), principals=tuple(principals), statement_id="plain"
    ),
    st.lists(single, min_size=1, max_size=4, unique=True),
    st.lists(st.sampled_from((ANYBODY, *ACCOUNTS)), min_size=1, max_size=3, unique=True),
)
organized = st.builds(
    lambda principals, organizations: Statement(
        actions=(DEPLOY, UNSHARE),
        principals=tuple(principals),
        principal_org_ids=tuple(organizations),
        statement_id="organized",
    ),
    st.lists(st.sampled_from((ANYBODY, *ACCOUNTS)), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from(ORGANIZATIONS), min_size=1, max_size=2, unique=True),
)
statement = st.one_of(plain, organized)
policies = st.lists(statement, max_size=4).map(tuple)
actions = st.sampled_from(sorted({*ACTIONS - {DEPLOY}, *OWNERS_ONLY, "GetCloudFormationTemplate"}))
accounts = st.sampled_from(ACCOUNTS)
organizations = st.sampled_from((None, *ORGANIZATIONS))


def decided(
    policy: tuple[Statement, ...],
    action: str,
    account: str = CONSUMER,
    organization: str | None = None,
    *,
    region: str = REGION,
    unshared: tuple[str, ...] = (),
) -> Decision:
    app = application("hello", policy=policy, unshared_organizations=unshared)
    return decide(action, app, account=account, region=region, organization=lambda: organization)


def never() -> str | None:
    raise AssertionError("nobody needed to know the organisation")


@given(policies, statement, actions, accounts, organizations)
def test_one_more_statement_never_takes_a_right_away(
    policy: tuple[Statement, ...], more: Statement, action: str, account: str, organization: str | None
) -> None:
    if decided(policy, action, account, organization).allowed:
        assert decided((*policy, more), action, account, organization).allowed


@given(policies, actions, accounts, organizations)
def test_the_order_of_statements_says_nothing(
    policy: tuple[Statement, ...], action: str, account: str, organization: str | None
) -> None:
    outcomes = {
        decided(order, action, account, organization).allowed for order in permutations(policy[:3])
    } or {False}
    assert len(outcomes) == 1


@given(policies, actions, accounts, organizations)
def test_whoever_is_let_in_is_let_in_by_a_statement_that_names_account_action_and_organisation(
    policy: tuple[Statement, ...], action: str, account: str, organization: str | None
) -> None:
    asked = "CreateCloudFormationTemplate" if action == "GetCloudFormationTemplate" else action
    grants = [
        one
        for one in policy
        if (asked in one.actions or (DEPLOY in one.actions and asked in DEPLOYING))
        and (ANYBODY in one.principals or account in one.principals)
        and (not one.principal_org_ids or organization in one.principal_org_ids)
    ]
    assert decided(policy, action, account, organization).allowed == bool(grants)


@given(policies, actions, accounts, organizations)
def test_deploy_is_no_more_and_no_less_than_the_actions_it_stands_for(
    policy: tuple[Statement, ...], action: str, account: str, organization: str | None
) -> None:
    def spelled(one: Statement) -> Statement:
        if DEPLOY not in one.actions or one.principal_org_ids:
            return one
        return replace(one, actions=tuple(sorted({*one.actions, *DEPLOYING} - {DEPLOY})))

    said = tuple(map(spelled, policy))
    assert (
        decided(policy, action, account, organization).allowed
        == decided(said, action, account, organization).allowed
    )


@given(policies, st.sampled_from(OWNERS_ONLY), accounts, organizations)
def test_no_policy_gives_away_what_is_the_owners_alone(
    policy: tuple[Statement, ...], action: str, account: str, organization: str | None
) -> None:
    assert decided(policy, action, account, organization) == Decision(allowed=False, rule="owner-only")


@given(policies, actions, accounts, organizations)
def test_what_was_taken_down_is_as_absent_to_everybody(
    policy: tuple[Statement, ...], action: str, account: str, organization: str | None
) -> None:
    down = application("hello", policy=policy, taken_down=TakenDown(reason="x", at="y", by="z"))
    told = decide(action, down, account=account, region=REGION, organization=never)
    assert told == Decision(allowed=False, rule="taken-down")


@given(policies, actions, accounts, organizations)
def test_in_another_region_only_what_is_public_counts(
    policy: tuple[Statement, ...], action: str, account: str, organization: str | None
) -> None:
    abroad = decided(policy, action, account, organization, region="eu-west-1")
    public = tuple(one for one in policy if one.is_public)
    assert abroad.allowed == decided(public, action, account, organization).allowed


@given(policies, actions, accounts, st.sampled_from(ORGANIZATIONS))
def test_an_organisation_that_ended_the_sharing_gives_nobody_a_right(
    policy: tuple[Statement, ...], action: str, account: str, organization: str
) -> None:
    ended = decided(policy, action, account, organization, unshared=(organization,))
    without = decided(policy, action, account, None)
    assert ended.allowed == without.allowed


@given(policies, actions, accounts)
def test_the_organisation_is_looked_up_only_where_the_answer_hangs_on_it(
    policy: tuple[Statement, ...], action: str, account: str
) -> None:
    assume(not any(one.principal_org_ids for one in policy))
    app = application("hello", policy=policy)
    decide(action, app, account=account, region=REGION, organization=never)


NEST = Statement(
    actions=("GetApplication", "CreateCloudFormationTemplate"), principals=(CONSUMER,), statement_id="nest"
)
MINE = Statement(actions=(DEPLOY,), principals=(CONSUMER,), statement_id="mine")
PUBLIC = Statement(actions=(DEPLOY,), principals=(ANYBODY,), statement_id="all")
OURS = Statement(
    actions=(DEPLOY, UNSHARE),
    principals=(ANYBODY,),
    principal_org_ids=(ORGANIZATIONS[0],),
    statement_id="ours",
)


@pytest.mark.parametrize(
    ("policy", "action", "account", "organization", "allowed", "rule"),
    [
        ((), "GetApplication", CONSUMER, None, False, "private"),
        ((MINE,), "GetApplication", CONSUMER, None, True, "statement mine"),
        ((MINE,), "CreateCloudFormationChangeSet", CONSUMER, None, True, "statement mine"),
        ((MINE,), "GetApplication", "333333333333", None, False, "account-not-named"),
        ((MINE,), UNSHARE, CONSUMER, None, False, "action-not-shared"),
        ((NEST,), "GetApplication", CONSUMER, None, True, "statement nest"),
        ((NEST,), "CreateCloudFormationTemplate", CONSUMER, None, True, "statement nest"),
        ((NEST,), "GetCloudFormationTemplate", CONSUMER, None, True, "statement nest"),
        ((NEST,), "CreateCloudFormationChangeSet", CONSUMER, None, False, "action-not-shared"),
        ((NEST,), "ListApplicationVersions", CONSUMER, None, False, "action-not-shared"),
        ((PUBLIC,), "ListApplicationDependencies", "333333333333", None, True, "statement all"),
        ((OURS,), "GetApplication", CONSUMER, ORGANIZATIONS[0], True, "statement ours"),
        ((OURS,), UNSHARE, CONSUMER, ORGANIZATIONS[0], True, "statement ours"),
        ((OURS,), "GetApplication", CONSUMER, ORGANIZATIONS[1], False, "not-in-organization"),
        ((OURS,), "GetApplication", CONSUMER, None, False, "not-in-organization"),
        ((OURS, MINE), "GetApplication", CONSUMER, None, True, "statement mine"),
    ],
)
def test_the_rule_that_decided_is_named(
    policy: tuple[Statement, ...],
    action: str,
    account: str,
    organization: str | None,
    allowed: bool,
    rule: str,
) -> None:
    assert decided(policy, action, account, organization) == Decision(allowed=allowed, rule=rule)


@pytest.mark.parametrize(
    ("told", "rule"),
    [
        (lambda: decide("GetApplication", None, account="1", region=REGION, organization=never), "absent"),
        (lambda: decided((MINE,), "GetApplication", region="eu-west-1"), "other-region"),
        (
            lambda: decided((OURS,), "GetApplication", CONSUMER, ORGANIZATIONS[0], unshared=ORGANIZATIONS),
            "organization-unshared",
        ),
    ],
)
def test_so_is_what_no_policy_can_help(told: Callable[[], Decision], rule: str) -> None:
    assert told() == Decision(allowed=False, rule=rule)


def test_the_arn_of_the_tests_is_of_the_region_they_ask_in() -> None:
    assert arn("hello").region == REGION
