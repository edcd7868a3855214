"""Evaluation: metrics, bootstrap intervals over patients, baselines, reports."""
