"""`registry-credentials`: a credential_process helper that makes AWS credentials count at a registry."""
