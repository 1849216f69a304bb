# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.

from dara_fp.databricks.sdk.services import Services
from dara_fp.databricks.sdk.typed import billing as _billing
from dara_fp.databricks.sdk.typed import catalog as _catalog
from dara_fp.databricks.sdk.typed import disasterrecovery as _disasterrecovery
from dara_fp.databricks.sdk.typed import iam as _iam
from dara_fp.databricks.sdk.typed import iamv2 as _iamv2
from dara_fp.databricks.sdk.typed import networking as _networking
from dara_fp.databricks.sdk.typed import oauth2 as _oauth2
from dara_fp.databricks.sdk.typed import provisioning as _provisioning
from dara_fp.databricks.sdk.typed import settings as _settings
from dara_fp.databricks.sdk.typed import settingsv2 as _settingsv2

class AccountServices(Services):
    access_control: _iam.AccountAccessControlAPI
    billable_usage: _billing.BillableUsageAPI
    budget_policy: _billing.BudgetPolicyAPI
    budgets: _billing.BudgetsAPI
    credentials: _provisioning.CredentialsAPI
    custom_app_integration: _oauth2.CustomAppIntegrationAPI
    disaster_recovery: _disasterrecovery.DisasterRecoveryAPI
    encryption_keys: _provisioning.EncryptionKeysAPI
    endpoints: _networking.EndpointsAPI
    federation_policy: _oauth2.AccountFederationPolicyAPI
    groups: _iam.AccountGroupsAPI
    groups_v2: _iam.AccountGroupsV2API
    iam_v2: _iamv2.AccountIamV2API
    ip_access_lists: _settings.AccountIpAccessListsAPI
    log_delivery: _billing.LogDeliveryAPI
    metastore_assignments: _catalog.AccountMetastoreAssignmentsAPI
    metastores: _catalog.AccountMetastoresAPI
    network_connectivity: _settings.NetworkConnectivityAPI
    network_policies: _settings.NetworkPoliciesAPI
    networks: _provisioning.NetworksAPI
    o_auth_published_apps: _oauth2.OAuthPublishedAppsAPI
    private_access: _provisioning.PrivateAccessAPI
    private_network_gateways: _networking.PrivateNetworkGatewaysAPI
    published_app_integration: _oauth2.PublishedAppIntegrationAPI
    service_principal_federation_policy: _oauth2.ServicePrincipalFederationPolicyAPI
    service_principal_secrets: _oauth2.ServicePrincipalSecretsAPI
    service_principals: _iam.AccountServicePrincipalsAPI
    service_principals_v2: _iam.AccountServicePrincipalsV2API
    settings: _settings.AccountSettingsAPI
    settings_v2: _settingsv2.AccountSettingsV2API
    storage: _provisioning.StorageAPI
    storage_credentials: _catalog.AccountStorageCredentialsAPI
    usage_dashboards: _billing.UsageDashboardsAPI
    users: _iam.AccountUsersAPI
    users_v2: _iam.AccountUsersV2API
    vpc_endpoints: _provisioning.VpcEndpointsAPI
    workspace_assignment: _iam.WorkspaceAssignmentAPI
    workspace_network_configuration: _settings.WorkspaceNetworkConfigurationAPI
    workspaces: _provisioning.WorkspacesAPI
