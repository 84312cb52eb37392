package model_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// recorder is the model with a list of the rules that it named.
type recorder struct {
	model.Stack
	seen map[string]bool
}

func (r recorder) Start(s conformance.Setup) (conformance.Instance, error) {
	in, err := r.Stack.Start(s)
	if err != nil {
		return nil, err
	}
	return recording{in.(*model.Instance), r.seen}, nil
}

type recording struct {
	*model.Instance
	seen map[string]bool
}

func (r recording) Advance(until sock.Time) (conformance.Event, bool, error) {
	ev, ok, err := r.Instance.Advance(until)
	for _, w := range ev.Why {
		r.seen[w] = true
	}
	return ev, ok, err
}

// unscripted are the rules that no script reaches, each with the reason.
var unscripted = map[string]string{
	"TCP_CLOSE":              "sock hands no segment to a connection that is gone; tcpstate's own tests do",
	"TCP_ZEROWINDOW":         "since 6.18 such data fails the sequence test first while anything is queued",
	"bad-transport":          "a script's packets are whole; sock's own tests send others",
	"fin-wait-2-timeout":     "an orphan becomes a timewait bucket before its keepalive timer could fire",
	"icmp-to-many":           "a script's packets are for one host; sock's own tests send others",
	"protocol-unreachable":   "scripts speak TCP, UDP and ICMP; sock's own tests send others",
	"raw-bad-header":         "a packet over loopback; sock's own tests send it",
	"not-supported-protocol": "scripts speak TCP and its ICMP; sock's own tests send others",
	"SECURITY_HOOK":          "hooks are functions in Go; sock's own tests have them",
	"cgroup-refuses":         "hooks are functions in Go; sock's own tests have them",
	"no-memory":              "hooks are functions in Go; sock's own tests have them",
	"security-refuses":       "hooks are functions in Go; sock's own tests have them",
	"frag-misplaced":         "scripts write one fragment header at most; sock's own tests write two",
	"frag-bad-extension":     "scripts write no extension headers; sock's own tests do",
	"thread-busy":            "the engine makes no second call on a thread that waits",
	"thread-ends":            "a script is one process; sock's own tests end others",
	"thread-gone":            "a script is one process; sock's own tests end others",
}

// TestScriptsReachEveryRule: a rule that nothing shows is a claim.
func TestScriptsReachEveryRule(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range scripts(t) {
		s, err := script.ParseFile(p)
		require.NoError(t, err)
		conformance.Run(context.Background(), s, recorder{seen: seen}, conformance.Options{})
	}
	for _, id := range rule.All() {
		name := id.String()
		switch why, listed := unscripted[name]; {
		case seen[name] && listed:
			t.Errorf("%s is reached: take it off the list (%s)", name, why)
		case !seen[name] && !listed:
			t.Errorf("%s is reached by no script", name)
		}
	}
	t.Logf("%d of %d rules are reached by scripts", len(rule.All())-len(unscripted), len(rule.All()))
}
