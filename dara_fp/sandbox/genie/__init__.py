"""Genie spaces, which answer the questions that their authors gave SQL for."""
