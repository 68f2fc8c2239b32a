"""The lab window in PySide6 and pyqtgraph; not in this version yet."""
