"""Run by Streamlit for every person and every change; all else is imported once."""

from mammolens.web.app import main

main()
