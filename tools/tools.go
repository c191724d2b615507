//go:build tools

// Package tools pins, by go.mod and go.sum, the commands that this repository builds from source.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
