//go:build linux

package campaign

import (
	"slices"
	"strings"

	"github.com/sockspec/sockspec/conformance/matrix"
)

// chosen are the kinds that the model has, or those of them that -kinds names.
func chosen(k *matrix.Kind) bool {
	if *kinds != "" {
		return slices.Contains(strings.Split(*kinds, ","), k.Name)
	}
	return strings.HasPrefix(k.Name, "tcp")
}
