"""Many models from one data set: search for a configuration, and cross-fitting."""
