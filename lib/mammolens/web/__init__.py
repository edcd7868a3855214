"""The web page: upload a mammogram and see where it deviates from normal. Only this package imports Streamlit."""
