package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/fuzz/story"
	"github.com/sockspec/sockspec/fuzz/woven"
)

// testRun runs the tests of a binary that match, in dir, with a bug planted.
func testRun(bin, dir, match string, planted int) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), canaryTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "-test.run="+match, "-test.failfast")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", woven.EnvName, planted))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// caseStart is the beginning of a test that a target prints for people to paste.
var caseStart = regexp.MustCompile(`a test of package (\w+):\n( *)func Test\w+(\(t \*testing\.T\) \{\n)`)

// printedTest is the test in a story, as a file with another name for it; "" if there is none.
func printedTest(story, name string) string {
	m := caseStart.FindStringSubmatch(story)
	if m == nil {
		return ""
	}
	_, rest, _ := strings.Cut(story, m[0])
	body, _, _ := strings.Cut(rest, "\n"+m[2]+"}\n")
	return "package " + m[1] + "\n\nimport (\n\t\"testing\"\n\n\t\"github.com/stretchr/testify/require\"\n)\n\nvar _ = require.Equal\n\n" +
		"func " + name + m[3] + body + "\n}\n"
}

// printsScripts are the targets that tell what led to a failure as a script too, and the number of stacks that they tell it for.
var printsScripts = map[string]int{"FuzzConn": 1, "FuzzPair": 2, "FuzzHost": 1, "FuzzOptions": 1}

// scriptStart is the line before a script in a story.
var scriptStart = regexp.MustCompile(`(?m)^( *)\S+\.go:\d+: a script(?: of side \d)? \(.*\):\n`)

// printedScripts are those in a story: a test's log has the lines of an entry by four more to the right than its first.
func printedScripts(story string) (list []string) {
	for _, at := range scriptStart.FindAllStringSubmatchIndex(story, -1) {
		var b strings.Builder
		for line := range strings.Lines(story[at[1]:]) {
			text, inside := strings.CutPrefix(line, story[at[2]:at[3]]+"    ")
			if !inside {
				break
			}
			b.WriteString(text)
		}
		list = append(list, b.String())
	}
	return list
}

// scripts: a target prints as many as it tells of, and each can be read, names the target, and makes a call. One of them shows the
// bug: it does not pass on the model that has none, or says where the model panics.
func scripts(t *testing.T, target, told string) {
	list, shows := printedScripts(told), printsScripts[target] == 0
	require.Len(t, list, printsScripts[target], "%s", told)
	for _, text := range list {
		s, err := script.Parse("canary.pkt", []byte(text))
		require.NoError(t, err, text)
		require.NotEmpty(t, s.Events, text)
		require.Contains(t, text, "// Found by "+target+": ")
		shows = shows || strings.Contains(text, "the model panics") || story.Passes(text) != nil
	}
	require.True(t, shows, "%s", told)
}

// pasted are printed tests of one package: what they are called, and the number of the canary that each must find.
type pasted struct {
	files map[string]string // by path, their text
	tests map[string]int
}

func (p *pasted) add(root, pkg, story string, planted int) {
	name := fmt.Sprintf("TestCanary%d", planted)
	if text := printedTest(story, name); text != "" {
		p.files[filepath.Join(root, filepath.FromSlash(pkg), strings.ToLower(name)+"_test.go")] = text
		p.tests[name] = planted
	}
}

// fail: each printed test fails with its bug planted, and passes without.
func (p *pasted) fail(t *testing.T, root, dir, overlay, pkg string) {
	var all struct{ Replace map[string]string }
	text, err := os.ReadFile(overlay)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &all))
	for path, text := range p.files {
		from := filepath.Join(dir, filepath.Base(path))
		require.NoError(t, os.WriteFile(from, []byte(text), 0o600))
		all.Replace[path] = from
	}
	text, err = json.Marshal(all)
	require.NoError(t, err)
	with := filepath.Join(dir, "pasted.json")
	require.NoError(t, os.WriteFile(with, text, 0o600))
	bin := filepath.Join(dir, "pasted.test")
	require.NoError(t, buildCanary(context.Background(), root, with, pkg, bin), "%s", maps.Values(p.files))
	for name, planted := range p.tests {
		out, err := testRun(bin, dir, "^"+name+"$", planted)
		require.Error(t, err, "%s passes with its bug: %s", name, out)
		out, err = testRun(bin, dir, "^"+name+"$", 0)
		require.NoError(t, err, "%s fails without a bug: %s", name, out)
	}
}
