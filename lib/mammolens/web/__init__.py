"""The page for everybody: drop a mammogram, see where it deviates. Streamlit is imported here and nowhere else."""
