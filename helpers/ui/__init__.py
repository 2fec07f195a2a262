from helpers.ui.panel import panel
