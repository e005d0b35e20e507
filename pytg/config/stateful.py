"""Which resource types hold what cannot be made again: the list that comes with pytg, and more."""

from __future__ import annotations

from pytg.config.node import Node, ReportProblem
from pytg.errors import Problem
from pytg.suggest import did_you_mean

NONE = "!*"

# With the resource its data goes: documents, records, keys, secrets, messages, images, logs, users.
# Not here: what a plan makes again from the configuration, such as a parameter or a topic.
_TYPES = """
aws_acmpca_certificate_authority aws_ami aws_ami_copy aws_ami_from_instance
aws_backup_logically_air_gapped_vault aws_backup_vault aws_cloudfront_key_value_store
aws_cloudhsm_v2_cluster aws_cloudsearch_domain aws_cloudtrail_event_data_store
aws_cloudwatch_event_archive aws_cloudwatch_log_group aws_codeartifact_domain
aws_codeartifact_repository aws_codecatalyst_source_repository aws_codecommit_repository
aws_cognito_identity_pool aws_cognito_user_pool aws_connect_instance aws_customerprofiles_domain
aws_datazone_domain aws_db_cluster_snapshot aws_db_instance aws_db_snapshot aws_db_snapshot_copy
aws_directory_service_directory aws_docdb_cluster aws_docdb_cluster_snapshot
aws_docdb_global_cluster aws_docdbelastic_cluster aws_dsql_cluster aws_dynamodb_global_table
aws_dynamodb_table aws_dynamodb_table_replica aws_ebs_snapshot aws_ebs_snapshot_copy
aws_ebs_snapshot_import aws_ebs_volume aws_ecr_repository aws_ecrpublic_repository
aws_efs_file_system aws_elasticache_cluster aws_elasticache_global_replication_group
aws_elasticache_replication_group aws_elasticache_serverless_cache aws_elasticsearch_domain
aws_finspace_kx_database aws_finspace_kx_volume aws_fsx_backup aws_fsx_file_cache
aws_fsx_lustre_file_system aws_fsx_ontap_file_system aws_fsx_ontap_volume
aws_fsx_openzfs_file_system aws_fsx_openzfs_snapshot aws_fsx_openzfs_volume
aws_fsx_windows_file_system aws_glacier_vault aws_grafana_workspace aws_kendra_index
aws_keyspaces_keyspace aws_keyspaces_table aws_kinesis_stream aws_kinesis_video_stream
aws_kms_external_key aws_kms_key aws_kms_replica_external_key aws_kms_replica_key
aws_lightsail_bucket aws_lightsail_database aws_lightsail_disk aws_media_store_container
aws_memorydb_cluster aws_memorydb_multi_region_cluster aws_memorydb_snapshot aws_mq_broker
aws_msk_cluster aws_msk_serverless_cluster aws_neptune_cluster aws_neptune_cluster_snapshot
aws_neptune_global_cluster aws_neptunegraph_graph aws_opensearch_domain
aws_opensearchserverless_collection aws_prometheus_workspace aws_qldb_ledger aws_rds_cluster
aws_rds_cluster_snapshot_copy aws_rds_global_cluster aws_redshift_cluster
aws_redshift_cluster_snapshot aws_redshiftserverless_namespace aws_redshiftserverless_snapshot
aws_rekognition_collection aws_route53_zone aws_s3_bucket aws_s3_directory_bucket
aws_s3control_bucket aws_s3tables_table aws_s3tables_table_bucket aws_sagemaker_domain
aws_sagemaker_feature_group aws_sagemaker_notebook_instance aws_secretsmanager_secret
aws_simpledb_domain aws_sqs_queue aws_storagegateway_cached_iscsi_volume
aws_storagegateway_stored_iscsi_volume aws_timestreaminfluxdb_db_instance
aws_timestreamwrite_database aws_timestreamwrite_table aws_workspaces_workspace
"""
DEFAULT = frozenset(_TYPES.split())


def stateful_types(document: Node, written: list[str], report: ReportProblem) -> frozenset[str]:
    """What `stateful` in config.yaml, the `document`, comes to.

    `TYPE` adds one to DEFAULT, `!TYPE` takes one away, `!*` takes all of DEFAULT away. Reports a
    `!TYPE` that takes nothing away.
    """
    types = set() if NONE in written else set(DEFAULT)
    node = document.find("stateful")
    places = node.items if node else ()
    for entry, place in zip(written, places, strict=True):
        kind = entry.removeprefix("!")
        if not entry.startswith("!"):
            types.add(entry)
        elif kind in DEFAULT:
            types.discard(kind)
        elif entry != NONE:
            message = f"stateful: `{entry}` takes nothing away"
            report(Problem(message, place.position, did_you_mean(kind, DEFAULT)))
    return frozenset(types)
