"""What a module can be made of: one entry a feature of Terraform, each with input and output.

In the HCL, NAME stands for the part's name; `var.NAME` is its input, and the expression `output`
its output. OUTSIDE is a directory beside all projects, with states that no unit owns.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A feature. `values` names the strategy of its literals in `estates.py`.

    `main` is the address of its first resource, for `moved` and `removed`; empty where none.
    `known` is a switch of `KNOWN` (see estates.py) without which it is not generated.
    """

    hcl: str = ""
    output: str = "var.NAME"
    type: str = "any"
    values: str = "any"
    main: str = ""
    sensitive: bool = False
    nullable: bool = True
    variable: str = ""
    imports: bool = False
    known: str = ""


def data(body: str) -> str:
    """The resource of a part."""
    return f'resource "terraform_data" "NAME" {{\n{body}\n}}\n'


MAIN = "terraform_data.NAME"
# as it begins to go, and when it is gone
_GONE = "for i in 1 2; do echo - MODULE NAME >> $DIFFERENTIAL_LOG; sleep 0.1; done"
STORED = "  input = var.NAME"

KINDS: dict[str, Kind] = {
    "stored": Kind(data(STORED), f"{MAIN}.output", main=MAIN),
    "passed": Kind(),
    "identified": Kind(data("  triggers_replace = [var.NAME]"), f"{MAIN}.id", main=MAIN),
    "each": Kind(
        data(
            '  for_each = { for k, v in { a = [var.NAME], "b c" = ["${upper("x")}"], off = [] } :'
            " k => v if length(v) > 0 }\n  input = each.value[0]"
        ),
        f"{{ for k, d in {MAIN} : k => d.output }}",
        main=MAIN,
    ),
    "counted": Kind(
        data("  count = 2\n  input = [count.index, var.NAME]"), f"{MAIN}[*].output", main=MAIN
    ),
    "nested": Kind(
        'module "NAME" {\n  source   = "./inner"\n  for_each = toset(["x", "y.[\\"z\\"]"])\n'
        "  value    = var.NAME\n}\n",
        "{ for k, m in module.NAME : k => m.value }",
    ),
    "conditions": Kind(
        data(
            f"{STORED}\n  lifecycle {{\n    precondition {{\n"
            "      condition     = length(jsonencode(var.NAME)) > 0\n"
            '      error_message = "never"\n    }\n    postcondition {\n'
            '      condition     = self.id != ""\n      error_message = "never"\n    }\n  }'
        ),
        f"{MAIN}.output",
        main=MAIN,
    ),
    "checked": Kind(
        data(STORED) + 'check "NAME" {\n  assert {\n'
        "    condition     = length(jsonencode(terraform_data.NAME.output)) < 12\n"
        '    error_message = "NAME is long"\n  }\n}\n',
        f"{MAIN}.output",
        main=MAIN,
    ),
    "ignoring": Kind(
        data(f"{STORED}\n  lifecycle {{\n    ignore_changes = [input]\n  }}"),
        f"{MAIN}.output",
        main=MAIN,
    ),
    "linked": Kind(
        data(STORED) + 'resource "terraform_data" "NAME_after" {\n  lifecycle {\n'
        "    replace_triggered_by = [terraform_data.NAME]\n  }\n}\n",
        "terraform_data.NAME_after.id",
        main=MAIN,
    ),
    "guarded": Kind(
        data(f"{STORED}\n  lifecycle {{\n    prevent_destroy = true\n  }}"), f"{MAIN}.output"
    ),
    "secret": Kind(
        data(STORED), f"{MAIN}.output", main=MAIN, sensitive=True, variable="  sensitive = true\n"
    ),
    "nothing": Kind(data("  input = [var.NAME, null]"), "[var.NAME, null]", values="null"),
    "defaulted": Kind(data(STORED), f"{MAIN}.output", "string", "null", MAIN, nullable=False),
    "object": Kind(
        data(STORED),
        f"{MAIN}.output",
        'object({ a = optional(string, "d"), n = optional(number), l = optional(list(number), [])'
        ", o = optional(object({ b = optional(bool, true) }), {}) })",
        "object",
        MAIN,
    ),
    "number": Kind(data(STORED), "[var.NAME, var.NAME / 3]", "number", "number", MAIN),
    "text": Kind(data(STORED), '"<${terraform_data.NAME.output}>"', "string", "text", MAIN),
    "map": Kind(
        data("  for_each = { for k, v in var.NAME : k => v if v.enabled }\n  input = each.value"),
        f"{{ for k, d in {MAIN} : upper(k) => coalesce(d.output.size, 0) }}",
        "map(object({ enabled = optional(bool, true), size = optional(number) }))",
        "map",
        MAIN,
    ),
    "set": Kind(data(STORED), f"tolist({MAIN}.output)", "set(string)", "texts", MAIN),
    "read": Kind(
        'data "terraform_remote_state" "NAME" {\n  backend = "local"\n'
        '  config = { path = "OUTSIDE/one.tfstate" }\n}\n'
        + data(
            "  input = var.NAME\n  triggers_replace = data.terraform_remote_state.NAME.outputs.ami"
        ),
        f"[{MAIN}.output, data.terraform_remote_state.NAME.outputs.third]",
        main=MAIN,
    ),
    "provisioned": Kind(
        data(
            '  triggers_replace = var.NAME\n  provisioner "local-exec" {\n'
            '    command = "sleep 0.2; echo MODULE NAME >> $DIFFERENTIAL_LOG"\n  }\n'
            f'  provisioner "local-exec" {{\n    when    = destroy\n    command = "{_GONE}"\n  }}'
        ),
        "true",
        main=MAIN,
    ),
    "imported": Kind(data(STORED), f"{MAIN}.id", main=MAIN, imports=True),
    "replaced_first": Kind(
        data("  triggers_replace = var.NAME\n  lifecycle {\n    create_before_destroy = true\n  }"),
        f"{MAIN}.id",
        main=MAIN,
        known="create_before_destroy",
    ),
    "pathed": Kind(
        data('  input = ["${path.module}", var.NAME]'), f"{MAIN}.output", known="path", main=MAIN
    ),
    "nulled": Kind(data(STORED), "null", known="null_output", main=MAIN),
    "typed_null": Kind(
        data('  input = { "key with space" = tonumber(null), value = var.NAME }'),
        f"{MAIN}.output",
        main=MAIN,
        known="typed_null",
    ),
    "ephemeral": Kind(
        data(
            '  provisioner "local-exec" {\n    command     = "true"\n'
            "    environment = { VALUE = jsonencode(var.NAME) }\n  }"
        )
        + 'output "NAME_never" {\n  value     = var.NAME\n  ephemeral = true\n}\n',
        f"{MAIN}.id",
        "string",
        "text",
        MAIN,
        variable="  ephemeral = true\n",
        known="ephemeral",
    ),
    "publishes": Kind(
        data(
            '  triggers_replace = var.NAME\n  provisioner "local-exec" {\n    command = <<-EOT\n'
            "      mkdir -p ${path.module}/../../published\n"
            "      cat > ${path.module}/../../published/one.tfstate <<END\n"
            '      ${jsonencode({ version = 4, serial = 1, lineage = "x", resources = [],'
            ' outputs = { found = { value = var.NAME, type = "string" } } })}\n'
            "      END\n    EOT\n  }"
        ),
        "true",
        "string",
        "text",
        MAIN,
        known="published",
    ),
    "finds": Kind(
        'data "terraform_remote_state" "NAME" {\n  backend = "local"\n'
        '  config = { path = "${path.module}/../../published/one.tfstate" }\n}\n'
        + data("  input = data.terraform_remote_state.NAME.outputs.found"),
        f"{MAIN}.output",
        main=MAIN,
        known="published",
    ),
}
