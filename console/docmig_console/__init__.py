"""docmig: the console of the migration."""
