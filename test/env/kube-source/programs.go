//go:build tools

// Package programs names what test/env builds, so that go.mod and go.sum hold it.
package programs

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
