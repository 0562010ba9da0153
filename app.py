"""The screen: page frame, login, navigation, sidebar. Everything else is below."""

import streamlit as st

from ui import controls, login, navigation, process, readable, state

SIDEBAR = 240

st.set_page_config("ALSlope", navigation.ICON, layout="wide", initial_sidebar_state=SIDEBAR)
process.prepare()
readable.readable_buttons()
login.let_in()
state.start_session()
page = st.navigation(navigation.pages())
controls.settings_sidebar()
page.run()
st.query_params.from_dict(state.link_query())
