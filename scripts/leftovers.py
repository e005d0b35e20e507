"""What is left of an environment: asked of every service, not of the state."""

from __future__ import annotations

from collections.abc import Iterator

import jmespath

from docmig_console.platform import Platform

# Service, operation, and where the names stand in its answer.
REGIONAL = (
    ("s3", "list_buckets", "Buckets[].Name"),
    ("dynamodb", "list_tables", "TableNames[]"),
    ("lambda", "list_functions", "Functions[].FunctionName"),
    ("lambda", "list_event_source_mappings", "EventSourceMappings[].FunctionArn"),
    ("sqs", "list_queues", "QueueUrls[]"),
    ("sns", "list_topics", "Topics[].TopicArn"),
    ("events", "list_event_buses", "EventBuses[].Name"),
    ("events", "list_rules", "Rules[].Name"),
    ("events", "list_archives", "Archives[].ArchiveName"),
    ("scheduler", "list_schedules", "Schedules[].Name"),
    ("stepfunctions", "list_state_machines", "stateMachines[].name"),
    ("logs", "describe_log_groups", "logGroups[].logGroupName"),
    ("cloudwatch", "describe_alarms", "[MetricAlarms, CompositeAlarms][][].AlarmName"),
    ("cloudwatch", "list_dashboards", "DashboardEntries[].DashboardName"),
    ("ssm", "describe_parameters", "Parameters[].Name"),
    ("backup", "list_backup_vaults", "BackupVaultList[].BackupVaultName"),
    ("backup", "list_backup_plans", "BackupPlansList[].BackupPlanName"),
    ("datasync", "list_tasks", "Tasks[].Name"),
    ("kms", "list_aliases", "Aliases[].AliasName"),
    ("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList[].ResourceARN"),
)
GLOBAL = (
    ("iam", "list_roles", "Roles[].RoleName"),
    ("iam", "list_policies", "Policies[].PolicyName"),
    ("iam", "list_instance_profiles", "InstanceProfiles[].InstanceProfileName"),
)


def asked() -> list[str]:
    """The services that are asked."""
    return sorted({service for service, _, _ in (*REGIONAL, *GLOBAL)})


def leftovers(platform: Platform) -> list[str]:
    """`service region name` of everything that bears the environment's name, sorted."""
    found = set(_named(platform, platform.source, GLOBAL))
    for region in (platform.source, platform.target):
        found.update(_named(platform, region, REGIONAL))
    return sorted(found)


def _named(
    platform: Platform, region: str, questions: tuple[tuple[str, str, str], ...]
) -> Iterator[str]:
    for service, operation, path in questions:
        client = platform.client(service, region)
        scope = {"Scope": "Local"} if operation == "list_policies" else {}
        if client.can_paginate(operation):
            pages = client.get_paginator(operation).paginate(**scope)
        else:
            pages = [getattr(client, operation)(**scope)]
        for page in pages:
            for name in jmespath.search(path, page) or ():
                if platform.name in str(name):
                    yield f"{service} {region} {name}"
