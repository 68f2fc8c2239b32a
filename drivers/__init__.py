"""Drivers: one module per instrument family, over one small link seam (`drivers.link`)."""
