package model_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/testdata"
)

// answersOnly are the supported options of which Linux's answer is all there is: no socket here has what they are about, or the
// kernel does nothing with them any more.
var answersOnly = []string{
	"SO_PASSCRED", "SO_PASSSEC", "SO_PASSPIDFD", "SO_PASSRIGHTS", // AF_UNIX's
	"TCP_THIN_DUPACK",                             // gone since 4.11, taken and read as 0
	"SO_DETACH_FILTER", "SO_DETACH_REUSEPORT_BPF", // without a program there is none to detach
}

// shownByTests are the options of which no script can state the effect, and the tests of package sock that do.
var shownByTests = map[string]string{
	"SO_COOKIE":       "TestCookiesTellSocketsApartAndNamespacesAreOne", // numbers that no two kernels share
	"SO_NETNS_COOKIE": "TestCookiesTellSocketsApartAndNamespacesAreOne",
	"SO_INCOMING_CPU": "TestTheSocketOfTheProcessorAtWorkIsPreferred", // a script does not choose its processor
}

// TestEverySupportedOptionHasAScriptThatFailsWithoutIt: reading back what was set proves nothing. An option has its effect when a
// script of the suite passes, and fails once the option is never set and its value never asked for.
func TestEverySupportedOptionHasAScriptThatFailsWithoutIt(t *testing.T) {
	suite, tests := suiteOptions(t), sockTests(t)
	for _, o := range sock.Options() {
		if o.Model != "supported" {
			continue
		}
		t.Run(o.Level+"/"+o.Name, func(t *testing.T) {
			if name, ok := shownByTests[o.Name]; ok {
				require.Contains(t, tests[name], o.Name, "package sock has no test %s that is about it", name)
				return
			}
			var tried []string
			for _, s := range suite {
				if !s.names(o) {
					continue
				}
				if provenBy(t, s.script, o) {
					t.Log(s.script.Path)
					return
				}
				tried = append(tried, s.script.Path)
			}
			t.Fatalf("no script shows the effect of %s; these name it, and pass without it: %v.\n"+
				"Write one below testdata/scripts/options, or say in the table that the option is kept, and why.", o.Name, tried)
		})
	}
}

// optionScript is a script with the options that it sets or reads, by level and number.
type optionScript struct {
	script *script.Script
	has    map[[2]int64]bool
}

func (s *optionScript) names(o sock.Option) bool {
	return slices.ContainsFunc(levelsOf(o), func(l int64) bool { return s.has[[2]int64{l, int64(o.Number)}] })
}

// suiteOptions reads the suite; the scripts about options come first, so that they are the proofs where they are one.
func suiteOptions(t *testing.T) (suite []optionScript) {
	t.Helper()
	require.NoError(t, fs.WalkDir(testdata.Scripts, "scripts", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".pkt") {
			return err
		}
		text, err := fs.ReadFile(testdata.Scripts, p)
		require.NoError(t, err)
		s, err := script.Parse(p, text)
		require.NoError(t, err)
		o := optionScript{s, map[[2]int64]bool{}}
		for i := range s.Events {
			if at, ok := optionOf(&s.Events[i]); ok {
				o.has[at] = true
			}
			if c := s.Events[i].Code; c != nil && strings.Contains(c.Text, "tcpi_") {
				o.has[[2]int64{sock.SOL_TCP, sock.TCP_INFO}] = true
			}
		}
		suite = append(suite, o)
		return nil
	}))
	slices.SortStableFunc(suite, func(a, b optionScript) int { return rank(a) - rank(b) })
	return suite
}

func rank(s optionScript) int {
	if strings.HasPrefix(s.script.Path, "scripts/options/") {
		return 0
	}
	return 1
}

// optionOf is the level and number that a call of setsockopt or getsockopt names.
func optionOf(ev *script.Event) (at [2]int64, ok bool) {
	c := ev.Call
	if c == nil || c.Name != "setsockopt" && c.Name != "getsockopt" || len(c.Args) != 5 {
		return at, false
	}
	for i := range at {
		if at[i], ok = conformance.Symbol(&c.Args[1+i]); !ok {
			return at, false
		}
	}
	return at, true
}

// sockTests are the tests of package sock, by name.
func sockTests(t *testing.T) map[string]string {
	t.Helper()
	tests := map[string]string{}
	files, err := filepath.Glob(filepath.FromSlash("../../sock/*_test.go"))
	require.NoError(t, err)
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		for _, fn := range strings.Split(string(text), "\nfunc ")[1:] {
			name, _, _ := strings.Cut(fn, "(")
			tests[name] = fn
		}
	}
	return tests
}

// levelsOf are the levels that take the option: raw IPv6 has two of its own under either (rawv6_setsockopt).
func levelsOf(o sock.Option) []int64 {
	if o.Level == "SOL_RAW" && strings.HasPrefix(o.Name, "IPV6_") {
		return []int64{sock.SOL_RAW, sock.SOL_IPV6}
	}
	return []int64{map[string]int64{"SOL_SOCKET": sock.SOL_SOCKET, "IPPROTO_IP": sock.SOL_IP, "IPPROTO_IPV6": sock.SOL_IPV6,
		"IPPROTO_TCP": sock.SOL_TCP, "IPPROTO_UDP": sock.SOL_UDP, "SOL_RAW": sock.SOL_RAW, "SOL_ICMPV6": sock.SOL_ICMPV6}[o.Level]}
}

// provenBy reports whether the script depends on the option: on its value where it can only be read, on having set it otherwise.
func provenBy(t *testing.T, s *script.Script, o sock.Option) bool {
	t.Helper()
	if o.Access == "r" || slices.Contains(answersOnly, o.Name) {
		return statesValue(s, o)
	}
	without := withoutOption(s, o)
	return without != nil && play(without).Verdict == conformance.Fail
}

func play(s *script.Script) conformance.Result {
	return conformance.Run(context.Background(), s, model.Stack{}, conformance.Options{HasTolerance: true})
}

// statesValue reports whether the script says what the option reads as, or which error is the answer.
func statesValue(s *script.Script, o sock.Option) bool {
	if o.Name == "TCP_INFO" {
		return true // the code says what its fields are
	}
	for i := range s.Events {
		at, ok := optionOf(&s.Events[i])
		if !ok || !slices.Contains(levelsOf(o), at[0]) || at[1] != int64(o.Number) {
			continue
		}
		if c := s.Events[i].Call; c.Errno != "" || c.Name == "getsockopt" && c.Args[3].Kind != script.ExprEllipsis {
			return true
		}
	}
	return false
}

// withoutOption is the script as it would be on a stack that only keeps the option: where the option was set or read, nothing
// happens, at the same time. It is nil when the script never sets it.
func withoutOption(s *script.Script, o sock.Option) *script.Script {
	cut := *s
	cut.Events = slices.Clone(s.Events)
	sets := false
	for i := range cut.Events {
		at, ok := optionOf(&cut.Events[i])
		if !ok || !slices.Contains(levelsOf(o), at[0]) || at[1] != int64(o.Number) {
			continue
		}
		c := *cut.Events[i].Call
		sets = sets || c.Name == "setsockopt" && c.Errno == ""
		c.Name, c.Errno, c.Note, c.Result = "getsockopt", "", "", script.Expr{Kind: script.ExprInt}
		c.Args = []script.Expr{c.Args[0], {Kind: script.ExprWord, Text: "SOL_SOCKET"}, {Kind: script.ExprWord, Text: "SO_TYPE"},
			{Kind: script.ExprEllipsis}, {Kind: script.ExprArray, Elems: []script.Expr{{Kind: script.ExprInt, Int: 4}}}}
		cut.Events[i].Call = &c
	}
	if !sets {
		return nil
	}
	return &cut
}
