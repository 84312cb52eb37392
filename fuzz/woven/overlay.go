package woven

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// Overlay writes files, given by their paths from the module's directory root,
// into dir. It returns the path of the list that the go command's -overlay takes.
func Overlay(root, dir string, files map[string]string) (path string, err error) {
	replace := map[string]string{}
	for name, text := range files {
		to := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		replace[filepath.Join(root, filepath.FromSlash(name))] = to
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, list, 0o600)
}
