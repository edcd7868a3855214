"""The site of compose.yaml without containers; scripts/run_topology.py starts it."""
