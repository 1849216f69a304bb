# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.

from dara_fp.databricks.sdk.services import Services
from dara_fp.databricks.sdk.typed import agentbricks as _agentbricks
from dara_fp.databricks.sdk.typed import agentkit as _agentkit
from dara_fp.databricks.sdk.typed import aifunctions as _aifunctions
from dara_fp.databricks.sdk.typed import aisearch as _aisearch
from dara_fp.databricks.sdk.typed import apps as _apps
from dara_fp.databricks.sdk.typed import bundledeployments as _bundledeployments
from dara_fp.databricks.sdk.typed import catalog as _catalog
from dara_fp.databricks.sdk.typed import cleanrooms as _cleanrooms
from dara_fp.databricks.sdk.typed import compute as _compute
from dara_fp.databricks.sdk.typed import dashboards as _dashboards
from dara_fp.databricks.sdk.typed import database as _database
from dara_fp.databricks.sdk.typed import dataclassification as _dataclassification
from dara_fp.databricks.sdk.typed import dataquality as _dataquality
from dara_fp.databricks.sdk.typed import domains as _domains
from dara_fp.databricks.sdk.typed import environments as _environments
from dara_fp.databricks.sdk.typed import files as _files
from dara_fp.databricks.sdk.typed import iam as _iam
from dara_fp.databricks.sdk.typed import iamv2 as _iamv2
from dara_fp.databricks.sdk.typed import jobs as _jobs
from dara_fp.databricks.sdk.typed import knowledgeassistants as _knowledgeassistants
from dara_fp.databricks.sdk.typed import marketplace as _marketplace
from dara_fp.databricks.sdk.typed import ml as _ml
from dara_fp.databricks.sdk.typed import oauth2 as _oauth2
from dara_fp.databricks.sdk.typed import pipelines as _pipelines
from dara_fp.databricks.sdk.typed import postgres as _postgres
from dara_fp.databricks.sdk.typed import qualitymonitorv2 as _qualitymonitorv2
from dara_fp.databricks.sdk.typed import sandbox as _sandbox
from dara_fp.databricks.sdk.typed import serving as _serving
from dara_fp.databricks.sdk.typed import settings as _settings
from dara_fp.databricks.sdk.typed import settingsv2 as _settingsv2
from dara_fp.databricks.sdk.typed import sharing as _sharing
from dara_fp.databricks.sdk.typed import sql as _sql
from dara_fp.databricks.sdk.typed import supervisoragents as _supervisoragents
from dara_fp.databricks.sdk.typed import tags as _tags
from dara_fp.databricks.sdk.typed import vectorsearch as _vectorsearch
from dara_fp.databricks.sdk.typed import workspace as _workspace

class WorkspaceServices(Services):
    access_control: _iam.AccessControlAPI
    account_access_control_proxy: _iam.AccountAccessControlProxyAPI
    agent_bricks: _agentbricks.AgentBricksAPI
    agent_kit: _agentkit.AgentKitAPI
    ai_functions: _aifunctions.AiFunctionsAPI
    ai_gateway: _catalog.AiGatewayAPI
    ai_search: _aisearch.AiSearchAPI
    alerts: _sql.AlertsAPI
    alerts_legacy: _sql.AlertsLegacyAPI
    alerts_v2: _sql.AlertsV2API
    apps: _apps.AppsAPI
    apps_settings: _apps.AppsSettingsAPI
    artifact_allowlists: _catalog.ArtifactAllowlistsAPI
    bundle_deployments: _bundledeployments.BundleDeploymentsAPI
    catalogs: _catalog.CatalogsAPI
    clean_room_asset_revisions: _cleanrooms.CleanRoomAssetRevisionsAPI
    clean_room_assets: _cleanrooms.CleanRoomAssetsAPI
    clean_room_auto_approval_rules: _cleanrooms.CleanRoomAutoApprovalRulesAPI
    clean_room_task_runs: _cleanrooms.CleanRoomTaskRunsAPI
    clean_rooms: _cleanrooms.CleanRoomsAPI
    cluster_policies: _compute.ClusterPoliciesAPI
    clusters: _compute.ClustersExt
    command_execution: _compute.CommandExecutionAPI
    connections: _catalog.ConnectionsAPI
    consumer_fulfillments: _marketplace.ConsumerFulfillmentsAPI
    consumer_installations: _marketplace.ConsumerInstallationsAPI
    consumer_listings: _marketplace.ConsumerListingsAPI
    consumer_personalization_requests: _marketplace.ConsumerPersonalizationRequestsAPI
    consumer_providers: _marketplace.ConsumerProvidersAPI
    credentials: _catalog.CredentialsAPI
    credentials_manager: _settings.CredentialsManagerAPI
    current_user: _iam.CurrentUserAPI
    dashboard_widgets: _sql.DashboardWidgetsAPI
    dashboards: _sql.DashboardsAPI
    data_classification: _dataclassification.DataClassificationAPI
    data_quality: _dataquality.DataQualityAPI
    data_sources: _sql.DataSourcesAPI
    database: _database.DatabaseAPI
    dbfs: _files.DbfsExt
    dbsql_permissions: _sql.DbsqlPermissionsAPI
    domains: _domains.DomainsAPI
    entity_tag_assignments: _catalog.EntityTagAssignmentsAPI
    environments: _environments.EnvironmentsAPI
    experiments: _ml.ExperimentsAPI
    external_lineage: _catalog.ExternalLineageAPI
    external_locations: _catalog.ExternalLocationsAPI
    external_metadata: _catalog.ExternalMetadataAPI
    feature_engineering: _ml.FeatureEngineeringAPI
    feature_store: _ml.FeatureStoreAPI
    forecasting: _ml.ForecastingAPI
    functions: _catalog.FunctionsAPI
    genie: _dashboards.GenieAPI
    git_credentials: _workspace.GitCredentialsAPI
    global_init_scripts: _compute.GlobalInitScriptsAPI
    grants: _catalog.GrantsAPI
    groups: _iam.GroupsAPI
    groups_v2: _iam.GroupsV2API
    instance_pools: _compute.InstancePoolsAPI
    instance_profiles: _compute.InstanceProfilesAPI
    ip_access_lists: _settings.IpAccessListsAPI
    jobs: _jobs.JobsExt
    knowledge_assistants: _knowledgeassistants.KnowledgeAssistantsAPI
    lakeview: _dashboards.LakeviewAPI
    lakeview_embedded: _dashboards.LakeviewEmbeddedAPI
    libraries: _compute.LibrariesAPI
    materialized_features: _ml.MaterializedFeaturesAPI
    metastores: _catalog.MetastoresAPI
    model_registry: _ml.ModelRegistryAPI
    model_versions: _catalog.ModelVersionsAPI
    notification_destinations: _settings.NotificationDestinationsAPI
    online_tables: _catalog.OnlineTablesAPI
    permission_migration: _iam.PermissionMigrationAPI
    permissions: _iam.PermissionsAPI
    pipelines: _pipelines.PipelinesAPI
    policies: _catalog.PoliciesAPI
    policy_compliance_for_clusters: _compute.PolicyComplianceForClustersAPI
    policy_compliance_for_jobs: _jobs.PolicyComplianceForJobsAPI
    policy_families: _compute.PolicyFamiliesAPI
    postgres: _postgres.PostgresAPI
    provider_exchange_filters: _marketplace.ProviderExchangeFiltersAPI
    provider_exchanges: _marketplace.ProviderExchangesAPI
    provider_files: _marketplace.ProviderFilesAPI
    provider_listings: _marketplace.ProviderListingsAPI
    provider_personalization_requests: _marketplace.ProviderPersonalizationRequestsAPI
    provider_provider_analytics_dashboards: _marketplace.ProviderProviderAnalyticsDashboardsAPI
    provider_providers: _marketplace.ProviderProvidersAPI
    providers: _sharing.ProvidersAPI
    quality_monitor_v2: _qualitymonitorv2.QualityMonitorV2API
    quality_monitors: _catalog.QualityMonitorsAPI
    queries: _sql.QueriesAPI
    queries_legacy: _sql.QueriesLegacyAPI
    query_history: _sql.QueryHistoryAPI
    query_visualizations: _sql.QueryVisualizationsAPI
    query_visualizations_legacy: _sql.QueryVisualizationsLegacyAPI
    recipient_activation: _sharing.RecipientActivationAPI
    recipient_federation_policies: _sharing.RecipientFederationPoliciesAPI
    recipients: _sharing.RecipientsAPI
    redash_config: _sql.RedashConfigAPI
    registered_models: _catalog.RegisteredModelsAPI
    repos: _workspace.ReposAPI
    resource_quotas: _catalog.ResourceQuotasAPI
    rfa: _catalog.RfaAPI
    sandbox: _sandbox.SandboxExt
    schemas: _catalog.SchemasAPI
    secrets: _workspace.SecretsAPI
    secrets_uc: _catalog.SecretsUcAPI
    service_principal_secrets_proxy: _oauth2.ServicePrincipalSecretsProxyAPI
    service_principals: _iam.ServicePrincipalsAPI
    service_principals_v2: _iam.ServicePrincipalsV2API
    serving_endpoints: _serving.ServingEndpointsExt
    settings: _settings.SettingsAPI
    shares: _sharing.SharesAPI
    statement_execution: _sql.StatementExecutionAPI
    storage_credentials: _catalog.StorageCredentialsAPI
    supervisor_agents: _supervisoragents.SupervisorAgentsAPI
    system_schemas: _catalog.SystemSchemasAPI
    table_constraints: _catalog.TableConstraintsAPI
    tables: _catalog.TablesAPI
    tag_policies: _tags.TagPoliciesAPI
    temporary_path_credentials: _catalog.TemporaryPathCredentialsAPI
    temporary_table_credentials: _catalog.TemporaryTableCredentialsAPI
    temporary_volume_credentials: _catalog.TemporaryVolumeCredentialsAPI
    token_management: _settings.TokenManagementAPI
    tokens: _settings.TokensAPI
    users: _iam.UsersAPI
    users_v2: _iam.UsersV2API
    vector_search_endpoints: _vectorsearch.VectorSearchEndpointsAPI
    vector_search_indexes: _vectorsearch.VectorSearchIndexesAPI
    volumes: _catalog.VolumesAPI
    warehouses: _sql.WarehousesAPI
    workspace: _workspace.WorkspaceExt
    workspace_bindings: _catalog.WorkspaceBindingsAPI
    workspace_conf: _settings.WorkspaceConfAPI
    workspace_entity_tag_assignments: _tags.WorkspaceEntityTagAssignmentsAPI
    workspace_iam_v2: _iamv2.WorkspaceIamV2API
    workspace_settings_v2: _settingsv2.WorkspaceSettingsV2API
