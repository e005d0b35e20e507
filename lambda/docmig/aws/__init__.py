"""What connects the decisions to AWS: settings, clients, tables, buckets, the bus, Powertools."""
