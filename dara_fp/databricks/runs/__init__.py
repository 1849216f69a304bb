"""Runs of jobs and updates of pipelines."""
