"""From a heating curve to SAR and ILP: estimators, gates, uncertainty budget, result."""
