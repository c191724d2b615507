"""AWS on one machine: an emulator for the services, our own gateway for API Gateway's data plane."""
