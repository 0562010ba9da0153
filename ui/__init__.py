"""Streamlit pieces that pages share: state, link, controls, figures, tables."""
