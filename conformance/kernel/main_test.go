//go:build linux

package kernel

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets what is compared with the live kernel be the same cases each time, so that a failure is of the change that
// was made. RAPID_SEED, or -rapid.seed, draws others; 0 draws anew.
func TestMain(m *testing.M) {
	if os.Getenv("RAPID_SEED") == "" {
		if err := flag.Set("rapid.seed", "1"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
