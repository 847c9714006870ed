"""Reading tables, inferring schemas, splitting rows, finding leaks, naming real data sets."""
