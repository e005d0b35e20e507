locals {
  cross_account_names = { for key, _ in var.cross_account_roles : key => module.labels.names.aws_iam_role[key] }

  batch_role_arns = [for name in values(local.batch_names) : "arn:${module.labels.partition}:iam::${var.account_id}:role/${name}"]
  function_arns = sort([for pair in setproduct(local.regions, var.ops_functions) :
    "arn:${module.labels.partition}:lambda:${pair[0]}:${var.account_id}:function:${module.labels.names_in[pair[0]].aws_lambda_function[pair[1]]}"
  ])
  machine_names = [for pair in setproduct(local.regions, var.ops_state_machines) :
    { region = pair[0], name = module.labels.names_in[pair[0]].aws_sfn_state_machine[pair[1]] }
  ]
  machine_arns   = [for m in local.machine_names : "arn:${module.labels.partition}:states:${m.region}:${var.account_id}:stateMachine:${m.name}"]
  execution_arns = [for m in local.machine_names : "arn:${module.labels.partition}:states:${m.region}:${var.account_id}:execution:${m.name}:*"]

  ops_statements = concat(
    [
      {
        Sid      = "ReadReports"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = [for arn in values(local.ops_arns) : "${arn}/*"]
      },
      {
        Sid    = "ReadSettings"
        Effect = "Allow"
        Action = [
          "s3:GetBucketVersioning", "s3:GetInventoryConfiguration", "s3:GetLifecycleConfiguration",
          "s3:GetReplicationConfiguration", "s3:ListBucket", "s3:ListBucketVersions",
        ]
        Resource = concat(values(local.documents_arns), values(local.ops_arns))
      },
      {
        Sid    = "ControlMigration"
        Effect = "Allow"
        Action = [
          "dynamodb:ConditionCheckItem", "dynamodb:DescribeTable", "dynamodb:GetItem",
          "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
        ]
        Resource = concat(local.table_arns.control, local.table_arns.checkpoints)
      },
      {
        Sid      = "ReadMetadata"
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:Query"]
        Resource = local.table_arns.metadata
      },
      {
        # None of these knows a resource, or one for all: the condition keeps them in the two regions.
        Sid       = "CreateJobsAndReadMetrics"
        Effect    = "Allow"
        Action    = ["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "s3:CreateJob", "s3:ListJobs"]
        Resource  = ["*"]
        Condition = local.in_regions
      },
      {
        # A job's id is AWS's choice.
        Sid      = "SteerJobs"
        Effect   = "Allow"
        Action   = ["s3:DescribeJob", "s3:UpdateJobPriority", "s3:UpdateJobStatus"]
        Resource = [for region in local.regions : "arn:${module.labels.partition}:s3:${region}:${var.account_id}:job/*"]
      },
    ],
    length(local.batch_role_arns) == 0 ? [] : [{
      Sid       = "HandRoleToJobs"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = local.batch_role_arns
      Condition = { StringEquals = { "iam:PassedToService" = "batchoperations.s3.amazonaws.com" } }
    }],
    length(local.function_arns) == 0 ? [] : [{
      Sid      = "InvokeFunctions"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = local.function_arns
    }],
    length(local.machine_arns) == 0 ? [] : [
      {
        # AWS's reference names no resource for SendTask..., yet they are checked against the machine (aws-cdk#8486).
        Sid      = "StartMachines"
        Effect   = "Allow"
        Action   = ["states:ListExecutions", "states:SendTaskFailure", "states:SendTaskSuccess", "states:StartExecution"]
        Resource = local.machine_arns
      },
      {
        Sid      = "SteerExecutions"
        Effect   = "Allow"
        Action   = ["states:DescribeExecution", "states:GetExecutionHistory", "states:RedriveExecution", "states:StopExecution"]
        Resource = local.execution_arns
      },
    ],
  )

  # Both regions: after the cutover the documents go to the target.
  ingest_statements = [
    {
      Sid      = "WriteDocuments"
      Effect   = "Allow"
      Action   = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject", "s3:PutObjectTagging"]
      Resource = [for arn in values(local.documents_arns) : "${arn}/${var.ingest_prefix}*"]
    },
    {
      # The access point asks for its own ARN and the bucket's: by another one of this account, nothing more is reached.
      # Its alias is AWS's choice, and it is made after this role.
      Sid      = "WriteThroughAccessPoint"
      Effect   = "Allow"
      Action   = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject", "s3:PutObjectTagging"]
      Resource = ["arn:${module.labels.partition}:s3::${var.account_id}:accesspoint/*.mrap/object/${var.ingest_prefix}*"]
    },
  ]

  cross_account_statements = {
    ops    = jsonencode(local.ops_statements)
    ingest = jsonencode(local.ingest_statements)
  }
}

resource "aws_iam_role" "cross_account" {
  for_each = var.cross_account_roles

  name                 = local.cross_account_names[each.key]
  description          = "Assumed from other accounts: ${each.key}"
  permissions_boundary = var.permissions_boundary
  max_session_duration = each.value.max_session_seconds

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = each.value.principal_arns }
      Action    = "sts:AssumeRole"
      Condition = merge(
        {
          StringEquals = merge(
            { "sts:ExternalId" = each.value.external_id },
            { for id in each.value.organization_id[*] : "aws:PrincipalOrgID" => id },
          )
        },
        length(each.value.source_cidrs) == 0 ? {} : { IpAddress = { "aws:SourceIp" = each.value.source_cidrs } },
        each.value.require_mfa ? { Bool = { "aws:MultiFactorAuthPresent" = "true" } } : {},
      )
    }]
  })
}

resource "aws_iam_role_policy" "cross_account" {
  for_each = var.cross_account_roles

  name = each.key
  role = aws_iam_role.cross_account[each.key].name

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = jsondecode(local.cross_account_statements[each.key])
  })
}
