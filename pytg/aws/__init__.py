"""boto3: sessions, who the caller is, what a bucket has."""
