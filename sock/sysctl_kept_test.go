package sock

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/stretchr/testify/require"
)

// sourceOf is the text of a package's files, tests and those named left out.
func sourceOf(t *testing.T, dir string, without ...string) string {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	var all strings.Builder
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") || strings.Contains(" "+strings.Join(without, " ")+" ", " "+filepath.Base(f)+" ") {
			continue
		}
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		all.Write(b)
	}
	return all.String()
}

// TestEverySysctlIsReadOrMarkedAsKept: a row that only fills a field of the
// machine's Config counts as read if the machine reads that field.
func TestEverySysctlIsReadOrMarkedAsKept(t *testing.T) {
	table, err := os.ReadFile("sysctl_table.go")
	require.NoError(t, err)
	rows := regexp.MustCompile(`(?m)^\t\{(ctl\w+), "([\w.-]+)"`).FindAllStringSubmatch(string(table), -1)
	require.Equal(t, len(controls), len(rows))
	profile, err := os.ReadFile("profile.go")
	require.NoError(t, err)
	core := sourceOf(t, ".", "sysctl_table.go", "sysctl_write.go", "profile.go")
	machine := sourceOf(t, "../tcpstate", "config.go")
	for i, row := range rows {
		name := regexp.MustCompile(`\b` + row[1] + `\b`)
		read := name.MatchString(core)
		for _, line := range strings.Split(string(profile), "\n") {
			if !name.MatchString(line) {
				continue
			}
			for _, field := range regexp.MustCompile(`cfg\.(\w+)`).FindAllStringSubmatch(line, -1) {
				used := regexp.MustCompile(`\.` + field[1] + `\b`)
				read = read || used.MatchString(machine) || used.MatchString(core)
			}
		}
		require.Equal(t, !read, controls[i].kept, "%s: kept must say whether nothing reads it", row[2])
	}
}

// TestTheJiffyOutlivesAnySysctl: HZ is no setting.
func TestTheJiffyOutlivesAnySysctl(t *testing.T) {
	p := Linux
	p.Tick = 4 * tcpstate.Millisecond
	h := New(HostConfig{Profile: &p})
	require.Equal(t, 4*tcpstate.Millisecond, h.tcp.Tick)
	require.NoError(t, h.SetSysctl("net.ipv4.tcp_sack", "0"))
	require.Equal(t, 4*tcpstate.Millisecond, h.tcp.Tick)
	require.False(t, h.tcp.SACK)
	require.NoError(t, h.SetSysctl("net.ipv4.tcp_congestion_control", "reno"))
	require.Equal(t, 4*tcpstate.Millisecond, h.tcp.Tick)
}
