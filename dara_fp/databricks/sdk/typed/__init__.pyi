# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
SDK: str = "0.156.0"
