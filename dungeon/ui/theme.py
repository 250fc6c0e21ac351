"""Two themes of our own: firelight on dark stone, and ink on paper."""

from __future__ import annotations

from textual.theme import Theme

EMBER = Theme(
    name="ember",
    primary="#e3a857",
    secondary="#b98a5e",
    accent="#d9824a",
    warning="#e8c06a",
    error="#e2705f",
    success="#9db57d",
    foreground="#e9dfcd",
    background="#15110e",
    surface="#1d1814",
    panel="#29221c",
    dark=True,
    variables={
        "border": "#6f5637",
        "border-blurred": "#3a3027",
        "block-cursor-background": "#4a3823",
        "block-cursor-foreground": "#f6e3c0",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#2a231c",
        "block-cursor-blurred-foreground": "#d8c7a6",
        "block-cursor-blurred-text-style": "none",
        "input-cursor-background": "#e3a857",
        "input-cursor-foreground": "#15110e",
        "input-selection-background": "#e3a857 30%",
        "scrollbar": "#3a3027",
        "scrollbar-hover": "#6f5637",
        "scrollbar-active": "#e3a857",
        "scrollbar-background": "#15110e",
        "scrollbar-background-hover": "#15110e",
        "scrollbar-background-active": "#15110e",
        "ink": "#d9cdb8",
        "faint": "#8d7f6c",
        "rule": "#3a3027",
    },
)

PARCHMENT = Theme(
    name="parchment",
    primary="#8a4a12",
    secondary="#7a5c3a",
    accent="#a2431c",
    warning="#8a6100",
    error="#a3271d",
    success="#4d6b2a",
    foreground="#2f261c",
    background="#f7f1e3",
    surface="#f0e7d3",
    panel="#e7dbc1",
    dark=False,
    variables={
        "border": "#a58a60",
        "border-blurred": "#d5c6a6",
        "block-cursor-background": "#dcc493",
        "block-cursor-foreground": "#2f1d08",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#e9dcbd",
        "block-cursor-blurred-foreground": "#4a3a24",
        "block-cursor-blurred-text-style": "none",
        "input-cursor-background": "#8a4a12",
        "input-cursor-foreground": "#f7f1e3",
        "input-selection-background": "#8a4a12 25%",
        "scrollbar": "#d5c6a6",
        "scrollbar-hover": "#a58a60",
        "scrollbar-active": "#8a4a12",
        "scrollbar-background": "#f7f1e3",
        "scrollbar-background-hover": "#f7f1e3",
        "scrollbar-background-active": "#f7f1e3",
        "ink": "#3a2f22",
        "faint": "#7d6d55",
        "rule": "#d5c6a6",
    },
)

FALLBACKS = {"ink": "#d9cdb8", "faint": "#8d7f6c", "rule": "#3a3027"}
"""Our own colour names under a theme that does not know them."""
