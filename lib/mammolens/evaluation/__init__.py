"""How well scores tell normal from abnormal: metrics, intervals over patients, baselines, reports."""
