"""What is deployed: the Pulumi program, run once a stack (`<stage>-<region>`)."""
