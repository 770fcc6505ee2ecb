"""The dashboard, for ``streamlit run streamlit_app.py``. ``deepfield dashboard`` opens the same."""

from deepfield.dashboard.app import main

main()
