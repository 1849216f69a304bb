# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# pyright: reportMissingTypeStubs=false

from typing import Any

from databricks.sdk.common.types.fieldmask import FieldMask
from databricks.sdk.service import dataclassification as _dataclassification

class DataClassificationAPI:
    async def create_catalog_config(
        self, parent: str, catalog_config: _dataclassification.CatalogConfig
    ) -> _dataclassification.CatalogConfig: ...
    async def delete_catalog_config(self, name: str) -> None: ...
    async def get_catalog_config(self, name: str) -> _dataclassification.CatalogConfig: ...
    async def update_catalog_config(
        self, name: str, catalog_config: _dataclassification.CatalogConfig, update_mask: FieldMask
    ) -> _dataclassification.CatalogConfig: ...
    def __getattr__(self, name: str) -> Any: ...
