"""From a mammogram to an anomaly result."""
