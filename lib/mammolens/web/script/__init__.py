"""What Streamlit runs. A folder of its own, as Streamlit puts it in front of the import path."""
