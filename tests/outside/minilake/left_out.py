"""The tests of minilake that are left out, each with what a real workspace does instead."""

from typing import Final

__all__ = ["LEFT_OUT"]

LEFT_OUT: Final = {
    "a workspace gives the values of a JSON_ARRAY as strings": (
        "test_sql_statements.py::test_backtick_identifier_translation",
        "test_sql_statements.py::test_backtick_identifier_after_unicode_typed_literal",
        "test_sql_statements.py::test_execute_insert_and_select",
        "test_sql_statements.py::test_execute_create_table_as_select",
        "test_sql_statements.py::test_external_links_json_array_real_fetch",
        "test_golden_path.py::test_uc_sql_integration_create_and_query",
        "test_golden_path.py::test_uc_sql_create_table_as_select",
    ),
    "a workspace calls the type INT": (
        "test_sql_statements.py::test_result_manifest_carries_column_types",
        "test_sql_statements.py::test_get_statement_returns_manifest",
    ),
    "a workspace answers 200 and FAILED when a statement is wrong": (
        "test_sql_statements.py::test_execute_statement_with_syntax_error",
    ),
    "the Files API of a workspace knows volumes only": (
        "test_files.py::test_files_upload_and_download",
        "test_files.py::test_files_get_metadata",
        "test_files.py::test_files_delete",
        "test_files.py::test_files_directories",
        "test_files.py::test_files_upload_no_overwrite_fails_if_exists",
    ),
    "a workspace says 'does not exist'": (
        "unity_catalog/test_catalogs.py::test_catalog_get_nonexistent_fails",
        "unity_catalog/test_tables.py::test_table_delete_nonexistent_is_not_found",
        "unity_catalog/test_tables.py::test_table_get_nonexistent_fails",
        "error_handling/test_404_not_found.py::test_catalog_get_nonexistent_fails",
        "error_handling/test_404_not_found.py::test_catalog_delete_nonexistent_fails",
        "error_handling/test_404_not_found.py::test_schema_get_nonexistent_fails",
        "error_handling/test_404_not_found.py::test_schema_delete_nonexistent_fails",
        "error_handling/test_404_not_found.py::test_table_get_nonexistent_fails",
    ),
    "a workspace takes a quote in a name, which is not one of the characters it refuses": (
        "unity_catalog/test_types.py::test_invalid_identifier_is_rejected",
    ),
    "a workspace asks everyone for a token": (
        "unity_catalog/test_tables.py::test_table_comment_round_trips",
        "error_handling/test_400_bad_request.py::test_malformed_body_uses_the_databricks_error_shape",
    ),
    "identity is each workspace's own": ("test_golden_path.py::test_current_user",),
    "a workspace gives notebooks their first line back": (
        "test_workspace.py::test_workspace_import_and_export",
    ),
    "the sandbox reads no folder of the machine but its own": (
        "unity_catalog/test_delta_tables.py",
    ),
    "what the sandbox does not have is refused, not skipped": (
        "test_jobs.py::test_job_run_unsupported_task_type_is_skipped",
    ),
    "what a notebook prints is not its output; what it exits with is": (
        "test_jobs.py::test_job_run_notebook_task_succeeds",
    ),
    "the rows of a SQL task are not its log": (
        "test_jobs.py::test_job_run_sql_task_succeeds",
        "test_jobs.py::test_job_run_sql_task_substitutes_parameters",
    ),
    "a workspace answers 404 when the folder of a file is missing": (
        "test_workspace_files.py::test_import_export_file_round_trips_raw_bytes",
        "test_workspace_files.py::test_imported_file_reports_object_type_file",
        "test_workspace_files.py::test_import_file_overwrite_false_conflicts",
    ),
    "secrets reach a job by dbutils; an environment of {{secrets/...}} is minilake's own": (
        "test_jobs.py::test_job_run_secret_injected_as_real_env_var",
        "test_jobs.py::test_job_run_missing_secret_fails_loudly",
    ),
    "saved queries and alerts are not claimed": (
        "test_jobs_sql_tasks.py",
        "test_jobs_submit.py::test_submit_runs_without_a_job",
        "test_jobs_submit.py::test_submitted_run_is_visible_to_get_and_list",
        "test_jobs_submit.py::test_submit_honours_task_dependencies",
        "test_jobs_submit.py::test_submit_idempotency_token_reuses_the_run",
    ),
}
"""What a workspace does, and the tests that want something else, by file and name."""
