"""One module a Lambda function; each has `handler(event, context)`."""
