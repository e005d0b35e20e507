"""What an operator does with messages that failed too often: send them again."""

from __future__ import annotations

from typing import Any

from deployed import SOURCE, TARGET, Deployed

COUNTS: list[Any] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
]


def redrive(platform: Deployed) -> bool:
    """Send all dead letters again; whether no queue held any message before that."""
    empty = True
    for region in (SOURCE, TARGET):
        sqs, outputs = platform.client("sqs", region), platform.outputs("sync", region)
        for purpose, dead in outputs["dead_letter_queue_names"].items():
            url = sqs.get_queue_url(QueueName=dead)["QueueUrl"]
            name = outputs["queue_arns"][purpose].split(":")[-1]
            back = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            for queue in (url, back):
                held = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=COUNTS)
                empty &= not any(map(int, held["Attributes"].values()))
            found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
            for message in found.get("Messages", ()):
                sqs.send_message(QueueUrl=back, MessageBody=message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return empty
