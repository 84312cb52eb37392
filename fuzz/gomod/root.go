// Package gomod finds the module whose tests the commands beside it run.
package gomod

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Root is the directory of the go.mod that the working directory is under.
func Root() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	mod := strings.TrimSpace(string(out))
	if mod == "" || mod == os.DevNull {
		return "", errors.New("run it inside the module: go env GOMOD names no go.mod")
	}
	return filepath.Dir(mod), nil
}
